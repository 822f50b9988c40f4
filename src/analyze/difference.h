// Difference: two sets of trials on one measure, paired where they pair, with an interval, tests and a word.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/aggregate.h"
#include "analyze/trial_table.h"

namespace xsweep {

enum class Measure : std::uint8_t { kAsr, kTaskSuccess };
/// "asr", "task_success".
std::string_view MeasureName(Measure measure);

/// What a reader may say. For `asr` less is better, for `task_success` more.
enum class Judgement : std::uint8_t { kBetter, kWorse, kNotDistinguishable, kNotComparable };
/// "better", "worse", "not distinguishable", "not comparable".
std::string_view JudgementWords(Judgement judgement);

enum class Pairing : std::uint8_t {
  kByTask,    ///< trials paired, clustered by task: tasks as drawn from a population
  kByTrial,   ///< trials paired, one task or no repeated one: these tasks
  kUnpaired,  ///< Newcombe and Fisher over the trials of common tasks, taken as independent
  kNone,      ///< one side has no trial that counts
};
/// One sentence on what the interval and p rest on.
std::string_view PairingWords(Pairing pairing);

/// b - a.
struct Difference {
  Measure measure = Measure::kAsr;
  Rate a, b;  ///< over all trials that count, paired or not
  Pairing pairing = Pairing::kNone;
  std::int64_t pairs = 0;
  std::int64_t tasks = 0;   ///< with a pair; unpaired: with a trial on both sides
  std::int64_t only_a = 0;  ///< pairs with a success in a alone
  std::int64_t only_b = 0;
  std::optional<stats::PairedDifference> paired;  ///< of tasks or trials, by `pairing`
  stats::Proportion common_a, common_b;           ///< unpaired: the trials of tasks that both sides have
  std::optional<double> difference;               ///< of the pairs, or of the trials of common tasks
  std::optional<stats::Interval> bounds95;
  std::optional<double> mcnemar_p, sign_flip_p, fisher_p;
  std::optional<double> p;           ///< the one that counts: sign flips by task, McNemar's, or Fisher's
  std::optional<double> adjusted_p;  ///< over all differences of a table; filled by Judge
  Judgement judgement = Judgement::kNotComparable;
  std::optional<double> detectable;  ///< the difference that this sample could have seen (80 % power); empty: none
};

/// Both spans sorted by key; cells are ignored, so that two cells of one run can be compared as well.
/// Pairs when at least half of the smaller side's counted trials have a counterpart that counts as well.
Difference CompareTrials(Measure measure, std::span<const TrialOutcome> a, std::span<const TrialOutcome> b);

/// The same from tallies by task: paired by task, no McNemar. For runs whose trials are not held in memory.
Difference CompareCells(Measure measure, const CellAggregate& a, const CellAggregate& b);

enum class Adjustment : std::uint8_t { kHolm, kBenjaminiHochberg, kNone };
/// "Holm", "Benjamini-Hochberg", "none".
std::string_view AdjustmentName(Adjustment adjustment);

/// Adjusts the p values of all differences together, then gives each its word: better or worse only when the adjusted p
/// is at most 0.05 and the interval leaves out 0.
void AdjustAndJudge(std::span<Difference* const> differences, Adjustment adjustment);

}  // namespace xsweep
