// ShortTools: tools in fewer words, for models to which every token is dear.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/short_tools.h"

#include <string_view>

namespace xsweep {
namespace {

/// Members of these are named by their author: an argument may be called `title` or `description`.
bool HoldsNames(std::string_view key) { return key == "properties" || key == "$defs" || key == "definitions"; }

bool IsNote(std::string_view key, const Json& value) {
  return value.is_string() && (key == "description" || key == "title");
}

Json Short(const Json& schema, bool names) {
  if (schema.is_array()) {
    Json list = Json::MakeArray();
    for (const Json& item : schema.items()) list.Append(Short(item, false));
    return list;
  }
  if (!schema.is_object()) return schema;
  Json object = Json::MakeObject();
  for (const auto& [key, value] : schema.members()) {
    if (names || !IsNote(key, value)) object.Set(key, Short(value, !names && HoldsNames(key)));
  }
  return object;
}

}  // namespace

std::vector<ToolSchema> ShortTools(const std::vector<ToolSchema>& tools) {
  std::vector<ToolSchema> all = tools;
  for (ToolSchema& tool : all) tool.parameters = Short(tool.parameters, false);
  return all;
}

}  // namespace xsweep
