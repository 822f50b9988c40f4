// MarkedValue: a JSON value that remembers where everything in it stood.
// SPDX-License-Identifier: Apache-2.0
#include "base/options/marked_value.h"

#include <algorithm>

namespace xsweep {

const MarkedValue* MarkedValue::Find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &MarkedEntry::key);
  return found == entries.end() ? nullptr : &found->value;
}
MarkedValue* MarkedValue::Find(std::string_view key) {
  const auto found = std::ranges::find(entries, key, &MarkedEntry::key);
  return found == entries.end() ? nullptr : &found->value;
}

Json ToJson(const MarkedValue& node) {
  if (node.is_list()) {
    Json list = Json::MakeArray();
    for (const MarkedValue& item : node.items) list.Append(ToJson(item));
    return list;
  }
  if (!node.is_map()) return node.scalar;
  std::vector<Json::Member> members;  // keys are unique already: no lookups
  members.reserve(node.entries.size());
  for (const MarkedEntry& entry : node.entries) members.emplace_back(entry.key, ToJson(entry.value));
  return Json::MakeObject(std::move(members));
}

MarkedValue FromJson(const Json& value, Mark at) {
  MarkedValue node;
  node.at = at;
  if (value.is_array()) {
    node.kind = MarkedValue::Kind::kList;
    for (const Json& item : value.items()) node.items.push_back(FromJson(item, at));
  } else if (value.is_object()) {
    node.kind = MarkedValue::Kind::kMap;
    for (const auto& [key, member] : value.members()) node.entries.push_back({key, at, FromJson(member, at)});
  } else {
    node.scalar = value;
    node.text = value.is_string() ? value.AsString() : value.Dump();
  }
  return node;
}

std::string_view KindInWords(const MarkedValue& node) {
  if (node.is_map()) return "a mapping";
  if (node.is_list()) return "a list";
  switch (node.scalar.kind()) {
    case Json::Kind::kNull: return "nothing";
    case Json::Kind::kBool: return "true or false";
    case Json::Kind::kInt:
    case Json::Kind::kBigInt: return "a whole number";
    case Json::Kind::kDouble: return "a number";
    default: return "text";
  }
}

}  // namespace xsweep
