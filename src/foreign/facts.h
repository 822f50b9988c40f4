// ForeignTrial: one episode that ran elsewhere, as a plain record. Every reader gives these, the importer takes them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "episode/transcript.h"
#include "record/logs/trial.h"

namespace xsweep {

/// How an episode came about.
enum class Setting : std::uint8_t {
  kBenign,    ///< a user's task and nobody attacks
  kAttacked,  ///< a user's task with somebody's injection in it
  kAlone,     ///< the injection's own task given as if a user wanted it: neither benign nor attacked
};

/// Which arm of somebody's experiment an episode belongs to; an empty member is one that the source does not know.
struct ForeignArm {
  std::string model, defense, suite;
  std::string attack;  ///< name of the attack; empty for one that is not attacked
  Setting setting = Setting::kBenign;
  friend auto operator<=>(const ForeignArm&, const ForeignArm&) = default;
};

struct ForeignTrial {
  ForeignArm arm;
  std::string task;
  std::string injection;  ///< which injection task; empty without one
  std::uint32_t trial = 0;
  std::optional<bool> success;   ///< of the attack; empty where nothing was attacked or nobody knows
  std::optional<bool> exposed;   ///< the payload stood in a result that the agent saw; empty: the source cannot tell
  std::optional<bool> utility;   ///< the user's task was solved; empty: not assessed
  std::optional<double> reward;  ///< as recorded, where it is a number
  std::string error;             ///< the provider, the user or the harness failed; empty: it ran
  Usage agent, user;
  int turns = 0;
  int tool_calls = 0;
  std::optional<double> seconds;
  std::string place;                     ///< where it stands, for messages: "results.json:812: entry 7"
  std::unique_ptr<Transcript> dialogue;  ///< may be null
};

/// What a file or tree says of itself, and what its reader noticed.
struct ForeignSource {
  std::string format;  ///< "tau1", "tau2", "agentdojo", "inspect", "facts"
  std::string domain;  ///< e.g. airline; empty where nothing says it
  std::string model, user_model;
  std::string commit;  ///< of the code that made it
  std::uint64_t seed = 0;
  std::uint64_t files = 1;
};

/// A reward of 1, within rounding: what both tau benchmarks call a success.
inline bool Solved(double reward) { return reward >= 1 - 1e-6; }
/// Neither 0 nor 1: whether it counts as a success is somebody's decision.
inline bool IsPartial(double reward) { return reward > 1e-6 && !Solved(reward); }

/// What a file is whose format nobody here reads, e.g. "a garak report"; empty when it looks like nothing known.
std::string NameOfFormat(std::string_view head);

}  // namespace xsweep
