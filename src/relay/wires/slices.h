// Slices: pieces of a JSON text that is to be changed in some places and to stay byte by byte everywhere else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xsweep {

/// A value and where it stands in the whole.
struct Slice {
  std::string_view text;
  std::size_t at = 0;
  std::size_t end() const { return at + text.size(); }
};

/// The member of that name; nothing where `object` is none or has none.
std::optional<Slice> Member(const std::optional<Slice>& object, std::string_view name);
/// The elements of an array; none of anything else.
std::vector<Slice> Elements(const std::optional<Slice>& array);
/// The text that a JSON string says; empty for anything else.
std::string TextOf(const std::optional<Slice>& slice);
/// The whole number that stands there, or `fallback`.
std::int64_t NumberOf(const std::optional<Slice>& slice, std::int64_t fallback);

/// Changes to a text, by places in it as it was, made all at once. They must not overlap.
class Edits {
 public:
  void Replace(const Slice& what, std::string with) { all_.push_back({what.at, what.text.size(), std::move(with)}); }
  /// Of several at one place the first stands first.
  void Insert(std::size_t at, std::string text) { all_.push_back({at, 0, std::move(text)}); }
  /// Takes elements out of an array, each with one comma. `gone` has an entry for each.
  void Erase(const std::vector<Slice>& elements, const std::vector<bool>& gone);
  bool empty() const { return all_.empty(); }
  std::string ApplyTo(std::string_view text) const;

 private:
  struct Edit {
    std::size_t at = 0;
    std::size_t size = 0;
    std::string with;
  };
  std::vector<Edit> all_;
};

/// `text` as a JSON string.
std::string JsonText(std::string_view text);

}  // namespace xsweep
