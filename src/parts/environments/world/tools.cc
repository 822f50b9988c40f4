// Calling a desk's tools by name.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/tools.h"

#include <fmt/format.h>

#include <algorithm>

namespace xsweep {
namespace {

/// Both references bind by keyword: every parameter once and nothing else. Empty when it fits.
std::string WrongArguments(const DeskTool& tool, const Json& arguments) {
  if (!arguments.is_object()) return "the arguments must be an object";
  const auto missing =
      std::ranges::find_if(tool.parameters, [&](std::string_view name) { return !arguments.Find(name); });
  if (missing != tool.parameters.end()) return fmt::format("missing argument '{}' of {}", *missing, tool.name);
  if (arguments.size() == tool.parameters.size()) return {};
  const auto extra = std::ranges::find_if(arguments.members(), [&](const Json::Member& member) {
    return std::ranges::find(tool.parameters, member.first) == tool.parameters.end();
  });
  return fmt::format("unexpected argument '{}' of {}", extra->first, tool.name);
}

}  // namespace

const DeskTool* FindTool(const Desk& desk, std::string_view name) {
  const auto found = std::ranges::find(desk.tools, name, &DeskTool::name);
  return found == desk.tools.end() ? nullptr : &*found;
}

ToolOutput CallTool(const Desk& desk, State& state, std::string_view name, const Json& arguments) {
  const DeskTool* tool = FindTool(desk, name);
  if (tool == nullptr) {
    if (desk.world.benchmark == Benchmark::kTau2) return ToolError(fmt::format("Tool '{}' not found.", name));
    return {.content = fmt::format("Unknown action {}", name), .error = true};
  }
  const std::string wrong = WrongArguments(*tool, arguments);
  return wrong.empty() ? tool->run(state, arguments) : ToolError(wrong);
}

}  // namespace xsweep
