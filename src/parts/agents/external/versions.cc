// What is known of an external agent's program.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/versions.h"

#include <chrono>

#include "base/system/process.h"
#include "base/text.h"
#include "parts/agents/external/presets.h"

namespace xsweep {
namespace {

std::string VersionOf(const AgentPreset& preset) {
  const auto asked = RunProcess({.args = preset.version_command, .time_limit = std::chrono::seconds(30)});
  if (!asked || asked->exit_code != 0) return "version unknown";
  const std::string said = asked->out.substr(0, asked->out.find('\n'));
  return said.empty() ? "version unknown" : Printable(said, 80);
}

}  // namespace

std::string DescribeExternalAgent(const std::string& name, const Json& options) {
  const AgentPreset* preset = FindAgentPreset(options.StringOr("preset", ""));
  if (preset != nullptr) {
    const std::string own = preset->unmediated.empty() ? "" : "; unmediated: " + preset->unmediated;
    return preset->name + ", " + VersionOf(*preset) + own;
  }
  const Json* command = options.Find("command");
  std::string words;
  if (command != nullptr && command->is_array())
    for (const Json& word : command->items())
      words += (words.empty() ? "" : " ") + (word.is_string() ? word.AsString() : "");
  if (words.empty()) words = options.StringOr("url", name);
  return Printable(words, 120) + ", version unknown";
}

}  // namespace xsweep
