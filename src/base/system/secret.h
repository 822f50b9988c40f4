// Secret: a key that can be sent but not shown, and that is blotted out wherever it comes back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// Holds one key. It has no conversion to text, no stream operator and no comparison; the only ways out are `Reveal`,
/// which base/http calls where a header is written, and `Scrub`, which removes. Copies share one buffer, which is
/// wiped when the last one goes. An empty Secret is allowed (servers that want no key) and scrubs nothing.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value);

  /// The value of an environment variable. Unset, empty or with a character that no key has (blanks, controls, anything
  /// beyond ASCII) is a user error that names the variable, never its value.
  static Expected<Secret> FromEnvironment(const std::string& variable);

  bool empty() const { return !data_; }
  /// Whether one is a copy of the other; says nothing about keys that were read apart.
  bool SharesWith(const Secret& other) const { return data_ == other.data_; }
  /// For the one place that sends it.
  std::string_view Reveal() const;

  /// Replaces the key in `text` by "[secret]": as it is, backwards, in base64 (either alphabet, at any offset inside a
  /// longer text) and in hex, each in either case and with any of its characters JSON-escaped, percent-encoded,
  /// quoted-printable or an HTML entity. No other spelling is found (parts of a key, other ciphers). Takes time in
  /// proportion to the text. Keys under 8 characters (placeholders such as "none" for local servers) are left alone,
  /// because they cannot be told from ordinary words.
  void Scrub(std::string& text) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

}  // namespace xsweep
