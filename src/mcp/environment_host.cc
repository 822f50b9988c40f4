// EnvironmentHost: one fork of an environment as an MCP host.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/environment_host.h"

#include <fmt/format.h>

#include <algorithm>

#include "episode/annotated.h"

namespace xsweep {

EnvironmentHost::EnvironmentHost(std::unique_ptr<Environment> environment) : environment_(std::move(environment)) {
  tools_ = std::make_shared<const std::vector<HostedTool>>(HostTools(environment_->tools(), *environment_, true));
}

std::vector<HostedTool> HostTools(const std::vector<ToolSchema>& tools, const Environment& environment,
                                  bool promise_forms) {
  const auto* annotates = dynamic_cast<const AnnotatesTools*>(&environment);
  std::vector<HostedTool> hosted;
  for (const ToolSchema& tool : tools) {
    HostedTool& one = hosted.emplace_back(HostedTool{tool});
    if (annotates == nullptr) continue;
    one.annotations = annotates->AnnotationsOf(tool.name);
    if (promise_forms) one.output = annotates->OutputOf(tool.name);
  }
  return hosted;
}

Async<Expected<ToolAnswer>> EnvironmentHost::Call(ToolRequest request) {
  const auto named = [](const HostedTool& tool) -> const std::string& { return tool.schema.name; };
  if (std::ranges::find(*tools_, request.call.name, named) == tools_->end())
    co_return UserError("Unknown tool: " + request.call.name);
  ToolCall call = std::move(request.call);
  call.id = fmt::format("call_{}", ++calls_);
  auto calling = environment_->Call(call);
  CO_TRY_ASSIGN(ToolOutcome outcome, co_await calling);
  co_return ToolAnswer{
      .text = std::move(outcome.content), .structured = std::move(outcome.structured), .error = outcome.error};
}

}  // namespace xsweep
