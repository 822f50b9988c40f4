// ProgramSettings: the options that agents share which we start ourselves, and what they come to for one trial.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/options/option.h"
#include "net/program.h"
#include "parts/agents/external/presets.h"
#include "parts/agents/external/relayed.h"
#include "parts/agents/external/station.h"

namespace xsweep {

struct ProgramSettings : RelaySettings {
  std::vector<std::string> command;
  std::optional<std::string> preset;
  double timeout = 600;
  std::vector<std::string> wrap;
  std::string model;
  std::string model_base;
  std::vector<std::string> set;
  std::vector<std::string> pass;
  Json files = Json::MakeObject();
  std::string answer = "stdout";
  std::string policy = "prompt";
};
const Options<ProgramSettings>& ProgramOptions();

/// A recipe with its options laid over its preset.
struct ProgramRecipe {
  AgentPreset preset;
  std::vector<std::string> wrap;
  double timeout = 600;
  std::string model;
  std::string model_base;
  PolicyIn policy = PolicyIn::kPrompt;
  std::shared_ptr<const RelayRecipe> relay;
};
/// Fails with kUser: neither command nor preset, an unknown preset, a placeholder that there is not, a command that
/// never says where our tools are.
Expected<ProgramRecipe> ReadRecipe(const ProgramSettings& settings, bool gives_url);

/// A started agent: its directory goes with it, and so does whatever it left behind.
class RunningAgent {
 public:
  /// `line` is the way to its model; nullptr when it asks it itself.
  static Expected<std::unique_ptr<RunningAgent>> Start(const ProgramRecipe& recipe, Station& station, RelayLine* line,
                                                       const std::string& prompt, bool talks);
  ~RunningAgent();
  RunningAgent(const RunningAgent&) = delete;
  RunningAgent& operator=(const RunningAgent&) = delete;
  Program& program() { return *program_; }
  const TrialDirectory& directory() const { return directory_; }

 private:
  RunningAgent(TrialDirectory directory, std::string mark) : directory_(std::move(directory)), mark_(std::move(mark)) {}
  TrialDirectory directory_;
  const std::string mark_;
  std::unique_ptr<Program> program_;
};

/// Reads a stream of a program to its end, or until it is destroyed; keeps the first half of `limit` and the last.
class OutputReader {
 public:
  OutputReader(IoLoop& loop, Socket& socket, std::size_t limit);
  /// What has come until now and is kept.
  std::string text() const;
  bool cut() const { return dropped_ > 0; }
  /// Takes what is there without waiting.
  Async<bool> Drain();

 private:
  Async<bool> Read();
  void Take(std::string_view bytes);
  IoLoop& loop_;
  Socket& socket_;
  const std::size_t half_;
  std::string head_, tail_;
  std::size_t dropped_ = 0;
  std::vector<char> piece_ = std::vector<char>(16384);
  Async<bool> reading_;
};

}  // namespace xsweep
