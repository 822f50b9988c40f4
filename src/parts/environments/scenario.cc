// How tool lists are read.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/scenario.h"

#include <fmt/format.h>

namespace xsweep {

Expected<std::vector<ToolSchema>> ReadToolSchemas(std::string_view text, const std::string& where) {
  TRY_ASSIGN(const Json json, Json::Parse(text, where));
  const Json* list = json.is_object() ? json.Find("tools") : &json;
  if (list == nullptr || !list->is_array()) return UserError("holds no list of tools", where);
  std::vector<ToolSchema> tools;
  for (const Json& entry : list->items()) {
    const Json* wrapped = entry.Find("function");
    const Json& function = wrapped == nullptr ? entry : *wrapped;
    const Json* parameters = function.Find("parameters");
    tools.push_back({std::string(function.StringOr("name", "")), std::string(function.StringOr("description", "")),
                     parameters == nullptr ? Json::MakeObject() : *parameters});
    if (tools.back().name.empty()) return UserError(fmt::format("tool {} has no name", tools.size()), where);
  }
  return tools;
}

}  // namespace xsweep
