// SweepConfig: what a config means, checked and with every default filled in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace xsweep {

enum class Mode { kShim, kReal };
std::string_view ModeName(Mode mode);

/// One role of the config: which part plays it and its options, defaults included (the name is not among them).
struct PartConfig {
  std::string name;
  Json options = Json::MakeObject();
};

/// One axis of the grid: a dotted path into the config and the values it takes.
struct GridAxis {
  std::string path;  ///< e.g. "judge.threshold"
  std::vector<Json> values;
};

/// Bounds of the whole run. Empty: no bound.
struct Limits {
  std::optional<std::int64_t> max_calls;
  std::optional<std::int64_t> max_prompt_tokens;
  std::optional<std::int64_t> max_completion_tokens;
  std::optional<std::int64_t> max_total_tokens;
  std::optional<double> max_cost_usd;
  std::optional<double> max_seconds;
  std::optional<double> max_error_rate;  ///< share of ended trials; above it the verdict is INVALID
  // Of one episode.
  int max_turns = 30;
  int max_tool_calls = 100;
  int max_tool_errors = 10;
};

/// Which transcripts are kept.
struct TranscriptPolicy {
  enum class Kind { kAll, kFailures, kNone, kSample } kind = Kind::kFailures;
  std::uint32_t sample = 0;  ///< of kSample: keep trials with index % sample == 0
};

/// Settings of one model, by role; null options where the config names none.
struct ModelsConfig {
  std::optional<PartConfig> agent, user, attacker, defense, judge;
};

struct SweepConfig {
  std::string exp;
  std::string description;
  Mode mode = Mode::kShim;
  std::vector<std::uint64_t> seeds;
  std::uint32_t trials = 1;
  PartConfig environment, agent, attack, defense, judge;
  std::vector<std::string> tasks;  ///< task ids; empty means all
  std::vector<GridAxis> grid;
  bool controls = false;
  Limits limits;
  ModelsConfig models;
  std::vector<std::string> gates;
  TranscriptPolicy transcripts;
  std::string source;  ///< the file it came from, for messages
};

}  // namespace xsweep
