// EnvironmentHost: one fork of an environment as an MCP host: what `xsweep env serve` offers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "episode/roles.h"
#include "mcp/host.h"

namespace xsweep {

/// The tools as they are shown, with what the environment says of each. A client refuses results that are not of the
/// form that a tool promises, so `promise_forms` is for where results are the tool's own.
std::vector<HostedTool> HostTools(const std::vector<ToolSchema>& tools, const Environment& environment,
                                  bool promise_forms);

/// The environment's policy is handed out as instructions. A tool's refusal is a result with `isError`; a tool that
/// there is not is an error of the request.
class EnvironmentHost final : public ToolHost {
 public:
  explicit EnvironmentHost(std::unique_ptr<Environment> environment);
  Async<Expected<HostedTools>> List() override { return Expected<HostedTools>(tools_); }
  Async<Expected<ToolAnswer>> Call(ToolRequest request) override;
  std::string Instructions() const override { return std::string(environment_->policy()); }

 private:
  std::unique_ptr<Environment> environment_;
  HostedTools tools_;
  int calls_ = 0;
};

}  // namespace xsweep
