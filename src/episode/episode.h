// Episode: what one is made of, and what came of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "episode/roles.h"

namespace xsweep {

struct EpisodeLimits {
  int max_turns = 30;        ///< user turns
  int max_calls = 100;       ///< tool calls
  int max_tool_errors = 10;  ///< cumulative, as the reference counts them
  /// An agent's reply that is no answer counts as having said nothing; otherwise it ends the dialogue.
  bool unanswered_resists = false;
};

/// The parts of one episode; they outlive it.
struct EpisodeParts {
  Environment& environment;
  Agent& agent;
  Attack& attack;
  Defense& defense;
  Judge& judge;
  const Goal& goal;
};

/// What came of it. With `error` or `unanswered` set the transcript holds what happened until then, and of the judge's
/// finding only a success counts: what was executed stays executed, but nobody knows what would have come next.
struct EpisodeResult {
  Transcript transcript;
  Assessment assessment;
  TaskAssessment task;
  RoleUsage usage;
  std::int64_t attack_queries = 0;
  /// The try that succeeded; empty without a success, without tries, and where the judge cannot tell before the end.
  std::optional<std::int64_t> success_query;
  std::optional<Error> error;       ///< what failed: of the dialogue, or of looking at it afterwards
  std::optional<Error> unanswered;  ///< why the dialogue ended by a reply that is no answer
  bool agent_acted = false;         ///< it said something, or made a call that could be understood

  /// Of a dialogue that was handed to the judge: where the judging of it begins. Empty: nobody was asked to judge, and
  /// what went wrong before is what every judge would be told.
  struct End {
    Stop stop = Stop::kNone;
    std::optional<Error> broken_off{};  ///< `error` as it was then
    std::size_t effects = 0;            ///< how many end effects the environment has seen
    Status assessed{};                  ///< why nobody could tell whether the task was solved
    Status seen{};                      ///< why the end could not be looked at
  };
  std::optional<End> end{};

  bool broke_off() const { return error.has_value() || unanswered.has_value(); }
};

}  // namespace xsweep
