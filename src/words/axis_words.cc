// Words for the values of a grid's axis.
// SPDX-License-Identifier: Apache-2.0
#include "words/axis_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace xsweep {
namespace {

std::string_view NameOfPart(const Json& value) {
  return value.is_object() ? value.StringOr("name", value.StringOr("provider", "")) : std::string_view();
}

bool IsName(std::string_view key) { return key == "name" || key == "provider"; }

std::string ListWords(const Json& list, std::span<const Json> others) {
  const auto is_part = [](const Json& item) { return !NameOfPart(item).empty(); };
  const bool parts = list.size() > 0 && std::ranges::all_of(list.items(), is_part);
  std::string words;
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::vector<Json> same_place;
    for (const Json& other : others) {
      if (other.is_array() && i < other.size()) same_place.push_back(other.items()[i]);
    }
    words += (i == 0 ? "" : parts ? " + " : ", ") + AxisWords(list.items()[i], same_place);
  }
  return parts ? words : fmt::format("[{}]", words);
}

/// The options in which the parts of one name differ.
std::string DifferingOptions(const Json& part, const std::vector<const Json*>& namesakes) {
  std::string words;
  for (const auto& [key, option] : part.members()) {
    if (IsName(key) && !NameOfPart(part).empty()) continue;
    std::vector<Json> others;
    bool differs = false;
    for (const Json* namesake : namesakes) {
      const Json* other = namesake->Find(key);
      differs = differs || other == nullptr || !(*other == option);
      if (other != nullptr) others.push_back(*other);
    }
    if (differs) words += fmt::format("{}{} {}", words.empty() ? "" : ", ", key, AxisWords(option, others));
  }
  return words;
}

std::string PartWords(const Json& part, std::span<const Json> values) {
  const std::string name(NameOfPart(part));
  std::vector<const Json*> namesakes;
  for (const Json& other : values) {
    if (other.is_object() && NameOfPart(other) == name && other.Find(kLabelKey) == nullptr) namesakes.push_back(&other);
  }
  const std::string options = DifferingOptions(part, namesakes);
  if (name.empty()) return options.empty() ? part.Dump() : options;
  return options.empty() ? name : fmt::format("{} ({})", name, options);
}

}  // namespace

std::string AxisWords(const Json& value, std::span<const Json> values) {
  if (value.is_string()) return std::string(value.AsString());
  if (value.is_array()) return ListWords(value, values);
  if (!value.is_object()) return value.Dump();
  const std::string_view label = value.StringOr(kLabelKey, "");
  return label.empty() ? PartWords(value, values) : std::string(label);
}

}  // namespace xsweep
