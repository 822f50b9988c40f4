// Difference: two sets of trials on one measure, paired by task, with an interval, tests and a word.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/aggregate.h"
#include "analyze/comparison/trial_table.h"
#include "stats/lost.h"

namespace xsweep {

enum class Measure : std::uint8_t { kAsr, kTaskSuccess };
/// "asr", "task_success".
std::string_view MeasureName(Measure measure);

/// What a reader may say. For `asr` less is better, for `task_success` more.
enum class Judgement : std::uint8_t { kBetter, kWorse, kNotDistinguishable, kNotComparable };
/// "better", "worse", "not distinguishable", "not comparable".
std::string_view JudgementWords(Judgement judgement);

enum class Pairing : std::uint8_t {
  kByTask,         ///< two common tasks and more: differences by task, whatever the seeds: other tasks of this kind
  kTheseTasks,     ///< one common task: these tasks only
  kSameDialogues,  ///< one common task, and every pair of trials is one dialogue judged twice: this task only
  kSeparateTasks,  ///< no common task: two samples of tasks
  kNone,           ///< one side has no trial that counts
};
/// "by_task", "these_tasks", "same_dialogues", "separate_tasks", "none".
std::string_view PairingName(Pairing pairing);
/// One sentence on what the interval and p rest on.
std::string_view PairingWords(Pairing pairing);

/// A task with trials that count on both sides; lost trials are errors.
struct CommonTask {
  std::uint32_t task = 0;
  stats::LostPair counts;
};

/// b - a.
struct Difference {
  Measure measure = Measure::kAsr;
  Rate a, b;  ///< over all trials that count, common tasks or not
  Pairing pairing = Pairing::kNone;
  std::int64_t pairs = 0;   ///< trials of one task, seed and number that count on both sides
  std::int64_t only_a = 0;  ///< of those, with a success in a alone
  std::int64_t only_b = 0;
  std::vector<CommonTask> common;    ///< in order of task
  std::int64_t unused_tasks = 0;     ///< on one side only
  std::optional<double> difference;  ///< mean over common tasks, or of two samples
  /// As printed: reaches 0 where p is above 0.05, so that interval and test never contradict each other.
  std::optional<stats::Interval> bounds95;
  std::optional<stats::Interval> drawn95;  ///< by task or of separate tasks, as computed; what gates look at
  std::optional<stats::Interval> these95;  ///< the common tasks again
  std::optional<double> sign_flip_p;       ///< by task
  std::optional<double> exact_p;           ///< within these tasks, stratified by task
  /// The one that counts: the larger of sign flips and of what the interval says, or the exact one. Empty for separate
  /// tasks.
  std::optional<double> p;
  std::optional<double> adjusted_p;  ///< over all differences of a table; filled by AdjustAndJudge
  Judgement judgement = Judgement::kNotComparable;
  std::optional<double> detectable;  ///< what this sample could have seen with a chance of 80 %; empty: not asked

  std::int64_t tasks() const { return static_cast<std::int64_t>(common.size()); }
};

/// The pairs of `difference` as the mathematics takes them.
std::vector<stats::TaskPair> PairsOf(const Difference& difference);

/// Both spans sorted by key; cells are ignored, so that two cells of one run can be compared as well. `same_dialogues`:
/// the trials of a pair are one dialogue, which is an exact pair: what chance did in it, it did on both sides.
Difference CompareTrials(Measure measure, std::span<const TrialOutcome> a, std::span<const TrialOutcome> b,
                         bool same_dialogues = false);

/// The same from tallies by task. For runs whose trials are not held in memory.
Difference CompareCells(Measure measure, const CellAggregate& a, const CellAggregate& b);

enum class Adjustment : std::uint8_t { kMaxT, kHolm, kBenjaminiHochberg, kNone };
/// "max-t", "Holm", "Benjamini-Hochberg", "none".
std::string_view AdjustmentName(Adjustment adjustment);

/// Adjusts the p values of all differences together (max-t over those by task; Holm where p values of other kinds are
/// among them), then gives each its word: better or worse only when the adjusted p is at most 0.05 and the interval
/// leaves out 0; without a p by the interval alone.
void AdjustAndJudge(std::span<Difference* const> differences, Adjustment adjustment);

/// Fills `detectable` of those that are not distinguishable, by simulation at their sizes; alike ones share a figure.
void FindDetectable(std::span<Difference* const> differences);

}  // namespace xsweep
