// Launch: what a foreign agent's process is given: its words, its files, its environment, a directory of its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/system/scratch.h"

namespace xsweep {

/// What stands for what in commands and files: {mcp_url}, {mcp_json} (a file), {mcp_command} (words), {prompt}, {dir},
/// {model}, {model_base}.
struct Placeholders {
  std::string mcp_url;
  std::string prompt;
  std::string dir;
  std::string model;        ///< may be empty
  std::string model_base;   ///< without /v1; empty: the provider's own
  std::string relay_key{};  ///< not empty: the model is behind our relay, and this is the only key that the agent gets
};

/// A file of a preset. Lines that begin with {?model_base} or {?model} are kept, without that mark, only where it has a
/// value; with {!model_base} only where it has none.
struct PresetFile {
  std::string path;  ///< below the trial's directory, "home/" being the agent's HOME and "work/" where it runs
  std::string text;
};

/// `text` with its placeholders filled in. Fails with kUser for {one_that_there_is_not} where it is a plain word.
Expected<std::string> FillIn(std::string_view text, const Placeholders& values);
/// The words of a command; {mcp_command} alone becomes several. "{?model_base}--url={model_base}" is left out without.
Expected<std::vector<std::string>> FillInCommand(const std::vector<std::string>& command, const Placeholders& values);
/// {"mcpServers":{"desk":{"type":"http","url":...}}}, as many clients read it.
std::string McpJson(const std::string& url);

/// A trial's directory, with home/, work/ and tmp/. Gone with the object. The first one sweeps leftovers.
class TrialDirectory {
 public:
  static Expected<TrialDirectory> Make(const std::string& token);
  const std::filesystem::path& path() const { return scratch_.path(); }
  Status Write(const PresetFile& file, const Placeholders& values) const;

 private:
  explicit TrialDirectory(ScratchDirectory scratch) : scratch_(std::move(scratch)) {}
  ScratchDirectory scratch_;
};

/// The agent's whole environment: PATH and the locale of ours, a HOME and a TMPDIR of its own, the mark by which
/// leftovers are found, `passed` (names whose values are ours) and `set` (NAME=VALUE, placeholders filled in).
Expected<std::vector<std::pair<std::string, std::string>>> AgentEnvironment(const std::vector<std::string>& passed,
                                                                            const std::vector<std::string>& set,
                                                                            const Placeholders& values,
                                                                            const std::string& mark);

/// The name of the mark, and its value for a trial: "PID:TOKEN".
inline constexpr std::string_view kTrialMark = "XSWEEP_TRIAL";
std::string MarkOf(const std::string& token);

}  // namespace xsweep
