// YamlNode: YAML text as a tree that remembers where everything stood. The only home of yaml-cpp is its .cc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/faults.h"

namespace xsweep {

struct YamlEntry;

/// One value of the document. Plain scalars are typed by the YAML 1.2 core schema (so `yes` and `on` are text, and
/// 1_000 is too); quoted ones are always text.
struct YamlNode {
  enum class Kind : std::uint8_t { kScalar, kList, kMap };
  Kind kind = Kind::kScalar;
  Mark at;
  Json scalar;                     ///< of a kScalar; null for an empty value
  std::string text;                ///< of a kScalar: as written, without quotes
  std::vector<YamlNode> items;     ///< of a kList
  std::vector<YamlEntry> entries;  ///< of a kMap, in order; keys are unique

  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_null() const { return kind == Kind::kScalar && scalar.is_null(); }
  /// The value of that key, or nullptr; also nullptr when this is no mapping.
  const YamlNode* Find(std::string_view key) const;
  YamlNode* Find(std::string_view key);
};

struct YamlEntry {
  std::string key;
  Mark key_at;
  YamlNode value;
};

/// Reads exactly one document. Every mark gets `source`. What is wrong with the text (not UTF-8, not YAML, duplicate
/// keys, tags, aliases that blow up, nesting deeper than 64, more than 200,000 values, a second document) goes to
/// `faults`; the tree is empty when nothing could be read.
std::optional<YamlNode> ParseYaml(std::string_view text, std::uint32_t source, Faults& faults);

/// The same value as plain JSON.
Json ToJson(const YamlNode& node);
/// A tree all of whose marks are `at`.
YamlNode FromJson(const Json& value, Mark at);
/// What a message calls it: "text", "a whole number", "a list", "nothing", ...
std::string_view KindInWords(const YamlNode& node);

}  // namespace xsweep
