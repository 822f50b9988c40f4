// Rounds: one trial of every task in every cell, after which sequential gates may be looked at.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plan/plan.h"
#include "record/run_directory.h"

namespace xsweep {

/// A plan taken round by round: the dialogues of all first trials, then of all second ones. A place is where a dialogue
/// stands in that order.
class Rounds {
 public:
  explicit Rounds(const Plan& plan);
  std::uint64_t size() const { return size_; }    ///< dialogues of a round
  std::uint64_t count() const { return count_; }  ///< rounds
  std::uint64_t DialogueAt(std::uint64_t place) const { return place % size_ * count_ + place / size_; }
  /// Looking costs reading all rows again: each of the first rounds, later every twentieth part.
  bool LookAfter(std::uint64_t rounds) const;

 private:
  std::uint64_t size_, count_;
};

/// Whether a run of this config may stop as soon as its gates are decided: it has gates, and all of them are sequential
/// on these tasks, so that stopping by what was seen makes none of them wrong more often.
bool StopsWhenDecided(const SweepConfig& config);

/// Whether each of its gates says PASS or FAIL, or has used up its rounds, by the rows that are recorded. Between
/// rounds.
Expected<bool> GatesDecided(const SweepConfig& config, const RunDirectory& run);

}  // namespace xsweep
