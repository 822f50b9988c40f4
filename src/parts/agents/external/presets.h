// Presets: how each agent that people run is started so that it has our tools and nothing else. Data: print one with
// `xsweep parts agent process --preset NAME`, change what you like and write it into a config.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parts/agents/external/launch.h"

namespace xsweep {

/// Where an agent's answer is, and how it says that it failed.
enum class AnswerIn {
  kStdout,      ///< all of it
  kClaudeJson,  ///< one JSON object: `result`, `is_error`, `permission_denials`
  kCodexJsonl,  ///< events: the last agent_message, turn.failed, refused mcp_tool_calls
  kOpencodeJsonl,
};

struct AgentPreset {
  std::string name;
  std::string summary;
  std::vector<std::string> command;
  std::vector<PresetFile> files{};
  std::vector<std::string> set{};     ///< NAME=VALUE
  std::vector<std::string> passed{};  ///< names of variables that it gets from ours: keys
  AnswerIn answer = AnswerIn::kStdout;
  std::string unmediated{};  ///< what tools of its own stay on beside ours; for run.json and the docs
  std::vector<std::string> version_command{};
};

const std::vector<AgentPreset>& AgentPresets();
/// nullptr for a name that there is not.
const AgentPreset* FindAgentPreset(std::string_view name);
std::vector<std::string> AgentPresetNames();
/// The preset as a person would write it into a config.
std::string PresetAsYaml(const AgentPreset& preset);

}  // namespace xsweep
