// MarkedValue: a JSON value that remembers where everything in it stood.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/options/faults.h"

namespace xsweep {

struct MarkedEntry;

/// One value of the document. Plain scalars are typed by the YAML 1.2 core schema (so `yes` and `on` are text, and
/// 1_000 is too); quoted ones are always text.
struct MarkedValue {
  enum class Kind : std::uint8_t { kScalar, kList, kMap };
  Kind kind = Kind::kScalar;
  Mark at;
  Json scalar;                       ///< of a kScalar; null for an empty value
  std::string text;                  ///< of a kScalar: as written, without quotes
  std::vector<MarkedValue> items;    ///< of a kList
  std::vector<MarkedEntry> entries;  ///< of a kMap, in order; keys are unique

  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_null() const { return kind == Kind::kScalar && scalar.is_null(); }
  /// The value of that key, or nullptr; also nullptr when this is no mapping.
  const MarkedValue* Find(std::string_view key) const;
  MarkedValue* Find(std::string_view key);
};

struct MarkedEntry {
  std::string key;
  Mark key_at;
  MarkedValue value;
};

/// The same value as plain JSON.
Json ToJson(const MarkedValue& node);
/// A tree all of whose marks are `at`.
MarkedValue FromJson(const Json& value, Mark at);
/// What a message calls it: "text", "a whole number", "a list", "nothing", ...
std::string_view KindInWords(const MarkedValue& node);

}  // namespace xsweep
