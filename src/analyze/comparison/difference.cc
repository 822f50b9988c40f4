// Difference: two sets of trials on one measure.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/difference.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "stats/families.h"
#include "stats/simulate.h"
#include "stats/task_difference.h"
#include "stats/tests.h"

namespace xsweep {
namespace {

constexpr double kAlpha = 0.05;

/// 0 or 1 when the trial counts for the measure, otherwise -1.
int ValueOf(Measure measure, const TrialOutcome& trial) {
  if (measure == Measure::kAsr) {
    if (trial.outcome > Outcome::kNotExposed) return -1;
    return trial.outcome == Outcome::kAttackSucceeded ? 1 : 0;
  }
  return trial.outcome > Outcome::kBenign ? -1 : trial.task_success;
}

auto PairKey(const TrialOutcome& trial) { return std::tuple(trial.key.task, trial.key.seed, trial.key.trial); }

/// As in a run's own table: an attack whose payload nobody saw has no success rate.
bool NobodyExposed(std::span<const TrialOutcome> trials) {
  return std::ranges::none_of(trials, [](const TrialOutcome& trial) { return trial.outcome < Outcome::kNotExposed; });
}

/// Trials of one task: those that count, and those that were lost to an error.
using TaskCounts = std::map<std::uint32_t, stats::LostTask>;

/// None where the rate is N/A.
TaskCounts CountByTask(Measure measure, std::span<const TrialOutcome> trials) {
  TaskCounts counts;
  if (measure == Measure::kAsr && NobodyExposed(trials)) return counts;
  for (const TrialOutcome& trial : trials) {
    const int value = ValueOf(measure, trial);
    if (value < 0 && trial.outcome != Outcome::kError) continue;
    stats::LostTask& task = counts[trial.key.task];
    if (value < 0) {
      ++task.lost;
    } else {
      task.ended = {task.ended.sum + value, task.ended.n + 1};
    }
  }
  std::erase_if(counts, [](const auto& task) { return task.second.ended.n == 0; });
  return counts;
}

TaskCounts CountByTask(Measure measure, const CellAggregate& cell) {
  TaskCounts counts;
  if (measure == Measure::kAsr && cell.asr.n == 0) return counts;
  for (const TaskAggregate& task : cell.tasks) {
    const Tally& tally = task.tally;
    const stats::Cluster ended = measure == Measure::kAsr ? stats::Cluster{tally.successes(), tally.attacked()}
                                                          : stats::Cluster{tally.task_successes, tally.task_assessed};
    if (ended.n > 0) counts[task.number] = {ended, tally.errors()};
  }
  return counts;
}

Rate RateOf(const TaskCounts& counts) {
  std::vector<stats::Cluster> clusters;
  clusters.reserve(counts.size());
  for (const auto& [task, lost] : counts) clusters.push_back(lost.ended);
  return MakeRate(clusters);
}

/// Walks both sorted sides at once, and calls back with the values of each pair that counts on both.
template <class Visit>
void ForEachPair(Measure measure, std::span<const TrialOutcome> a, std::span<const TrialOutcome> b,
                 const Visit& visit) {
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const auto order = PairKey(a[i]) <=> PairKey(b[j]);
    if (order == 0) {
      const int value_a = ValueOf(measure, a[i]), value_b = ValueOf(measure, b[j]);
      if (value_a >= 0 && value_b >= 0) visit(value_a, value_b);
    }
    i += order <= 0 ? 1 : 0;
    j += order >= 0 ? 1 : 0;
  }
}

double MeanDifference(const stats::TaskDifferences& tasks) {
  double sum = 0;
  for (const double d : tasks.differences) sum += d;
  return sum / static_cast<double>(tasks.differences.size());
}

bool LeavesOutZero(const stats::Interval& bounds) { return bounds.low > 0 || bounds.high < 0; }

/// The p that the interval gives: 1 less the largest confidence at which it leaves out 0.
double IntervalP(const stats::TaskDifferences& tasks) {
  double without = 0, with = 1;
  for (int i = 0; i < 40; ++i) {
    const double middle = (without + with) / 2;
    (LeavesOutZero(*stats::ByTask(tasks, middle)) ? without : with) = middle;
  }
  return 1 - without;
}

/// Interval and test say the same: where one of them leaves 0 in, so does the other.
void Reconcile(const stats::TaskDifferences& tasks, const stats::Interval& interval, double p, Difference& out) {
  out.p = p;
  out.bounds95 = interval;
  if (!LeavesOutZero(interval) && p <= kAlpha) out.p = std::max(IntervalP(tasks), std::nextafter(kAlpha, 1));
  if (*out.p <= kAlpha) return;
  out.bounds95->low = std::min(0.0, out.bounds95->low);
  out.bounds95->high = std::max(0.0, out.bounds95->high);
}

void FillByTask(Difference& out) {
  const std::vector<stats::TaskPair> pairs = PairsOf(out);
  const stats::TaskDifferences tasks = stats::DifferencesOf(pairs);
  out.difference = MeanDifference(tasks);
  out.these95 = stats::WithinTheseTasks(pairs);
  if (pairs.size() == 1) {
    out.pairing = Pairing::kTheseTasks;
    out.bounds95 = out.these95;
    out.p = out.exact_p = stats::StratifiedExact(pairs);
    if (*out.p <= kAlpha) return;
    out.bounds95->low = std::min(0.0, out.bounds95->low);
    out.bounds95->high = std::max(0.0, out.bounds95->high);
    return;
  }
  out.pairing = Pairing::kByTask;
  out.drawn95 = stats::ByTask(tasks);
  out.sign_flip_p = stats::SignFlipByTask(pairs);
  Reconcile(tasks, *out.drawn95, *out.sign_flip_p, out);
}

/// Dialogues of one task, judged on both sides: each is what a task is elsewhere, so that the exact test is McNemar's.
void FillByDialogue(const std::vector<stats::TaskPair>& dialogues, Difference& out) {
  const stats::TaskDifferences differences = stats::DifferencesOf(dialogues);
  out.pairing = Pairing::kSameDialogues;
  out.difference = MeanDifference(differences);
  out.these95 = stats::ByTask(differences);
  out.exact_p = stats::SignFlipByTask(dialogues);
  Reconcile(differences, *out.these95, *out.exact_p, out);
}

std::vector<stats::Cluster> EndedOf(const TaskCounts& counts) {
  std::vector<stats::Cluster> out;
  for (const auto& [task, lost] : counts) out.push_back(lost.ended);
  return out;
}

Difference CompareCounts(Measure measure, const TaskCounts& a, const TaskCounts& b) {
  Difference out;
  out.measure = measure;
  out.a = RateOf(a);
  out.b = RateOf(b);
  if (out.a.n == 0 || out.b.n == 0) return out;
  for (const auto& [task, of_a] : a) {
    const auto found = b.find(task);
    if (found != b.end()) out.common.push_back({task, {of_a, found->second}});
  }
  out.unused_tasks = std::ssize(a) + std::ssize(b) - 2 * out.tasks();
  if (!out.common.empty()) {
    FillByTask(out);
    return out;
  }
  out.difference = out.b.estimate - out.a.estimate;
  out.drawn95 = stats::SeparateTasks(stats::SharesOf(EndedOf(a)), stats::SharesOf(EndedOf(b)));
  out.bounds95 = out.drawn95;
  if (out.drawn95) out.pairing = Pairing::kSeparateTasks;
  return out;
}

Judgement JudgeOne(const Difference& difference) {
  if (difference.pairing == Pairing::kNone || !difference.bounds95) return Judgement::kNotComparable;
  const bool tested = difference.pairing != Pairing::kSeparateTasks;
  if (!LeavesOutZero(*difference.bounds95) || (tested && difference.adjusted_p.value_or(1) > kAlpha)) {
    return Judgement::kNotDistinguishable;
  }
  const bool more = *difference.difference > 0;
  return more == (difference.measure == Measure::kTaskSuccess) ? Judgement::kBetter : Judgement::kWorse;
}

/// One row of task differences for each contrast, over all tasks of any; 0 where one lacks a pair.
std::vector<double> MaxT(std::span<Difference* const> tested) {
  std::map<std::uint32_t, std::size_t> places;
  for (const Difference* difference : tested) {
    for (const CommonTask& task : difference->common) places.try_emplace(task.task, places.size());
  }
  std::vector<std::vector<double>> rows;
  for (const Difference* difference : tested) {
    std::vector<double>& row = rows.emplace_back(places.size());
    const stats::TaskDifferences tasks = stats::DifferencesOf(PairsOf(*difference));
    for (std::size_t i = 0; i < difference->common.size(); ++i) {
      row[places[difference->common[i].task]] = tasks.differences[i];
    }
  }
  return stats::MaxTAdjust(rows);
}

/// Beyond so many contrasts joint flips would take a minute; Holm asks for more and costs nothing.
constexpr std::size_t kMostContrasts = 2000;

std::vector<double> Adjusted(std::span<Difference* const> tested, std::span<const double> p, Adjustment adjustment) {
  switch (adjustment) {
    case Adjustment::kNone: return {p.begin(), p.end()};
    case Adjustment::kBenjaminiHochberg: return stats::BenjaminiHochbergAdjust(p);
    case Adjustment::kHolm: return stats::HolmAdjust(p);
    case Adjustment::kMaxT: break;
  }
  const auto by_task = [](const Difference* difference) { return difference->pairing == Pairing::kByTask; };
  if (!std::ranges::all_of(tested, by_task) || tested.size() > kMostContrasts) return stats::HolmAdjust(p);
  if (std::ranges::count_if(p, [](double value) { return value < 1; }) <= 1) return {p.begin(), p.end()};
  std::vector<double> adjusted = MaxT(tested);
  for (std::size_t i = 0; i < p.size(); ++i) adjusted[i] = std::max(adjusted[i], p[i]);
  return adjusted;
}

}  // namespace

std::string_view MeasureName(Measure measure) { return measure == Measure::kAsr ? "asr" : "task_success"; }

std::string_view JudgementWords(Judgement judgement) {
  switch (judgement) {
    case Judgement::kBetter: return "better";
    case Judgement::kWorse: return "worse";
    case Judgement::kNotDistinguishable: return "not distinguishable";
    case Judgement::kNotComparable: return "not comparable";
  }
  return "";
}

std::string_view PairingName(Pairing pairing) {
  switch (pairing) {
    case Pairing::kByTask: return "by_task";
    case Pairing::kTheseTasks: return "these_tasks";
    case Pairing::kSameDialogues: return "same_dialogues";
    case Pairing::kSeparateTasks: return "separate_tasks";
    case Pairing::kNone: return "none";
  }
  return "";
}

std::string_view PairingWords(Pairing pairing) {
  switch (pairing) {
    case Pairing::kByTask: return "paired by task, whatever the seeds; holds for other tasks of this kind";
    case Pairing::kTheseTasks: return "one common task; holds for this task only";
    case Pairing::kSameDialogues:
      return "one common task, the same dialogues on both sides, paired one by one; holds for this task only";
    case Pairing::kSeparateTasks:
      return "no task in common: two samples of tasks side by side, which sees far less than the same tasks would";
    case Pairing::kNone: return "one side has no trial that counts";
  }
  return "";
}

std::string_view AdjustmentName(Adjustment adjustment) {
  switch (adjustment) {
    case Adjustment::kMaxT: return "max-t";
    case Adjustment::kHolm: return "Holm";
    case Adjustment::kBenjaminiHochberg: return "Benjamini-Hochberg";
    case Adjustment::kNone: return "none";
  }
  return "";
}

std::vector<stats::TaskPair> PairsOf(const Difference& difference) {
  std::vector<stats::TaskPair> pairs;
  pairs.reserve(difference.common.size());
  for (const CommonTask& task : difference.common) pairs.push_back({task.counts.a.ended, task.counts.b.ended});
  return pairs;
}

Difference CompareTrials(Measure measure, std::span<const TrialOutcome> a, std::span<const TrialOutcome> b,
                         bool same_dialogues) {
  Difference out = CompareCounts(measure, CountByTask(measure, a), CountByTask(measure, b));
  if (out.pairing == Pairing::kNone) return out;
  std::vector<stats::TaskPair> dialogues;
  const bool by_dialogue = same_dialogues && out.pairing == Pairing::kTheseTasks;
  ForEachPair(measure, a, b, [&](int of_a, int of_b) {
    ++out.pairs;
    out.only_a += of_a > of_b ? 1 : 0;
    out.only_b += of_b > of_a ? 1 : 0;
    if (by_dialogue) dialogues.push_back({{of_a, 1}, {of_b, 1}});
  });
  if (dialogues.size() > 1) FillByDialogue(dialogues, out);
  return out;
}

Difference CompareCells(Measure measure, const CellAggregate& a, const CellAggregate& b) {
  return CompareCounts(measure, CountByTask(measure, a), CountByTask(measure, b));
}

void AdjustAndJudge(std::span<Difference* const> differences, Adjustment adjustment) {
  std::vector<Difference*> tested;
  std::vector<double> p;
  for (Difference* difference : differences) {
    if (!difference->p) continue;
    tested.push_back(difference);
    p.push_back(*difference->p);
  }
  const std::vector<double> adjusted = Adjusted(tested, p, adjustment);
  for (std::size_t i = 0; i < tested.size(); ++i) tested[i]->adjusted_p = adjusted[i];
  for (Difference* difference : differences) difference->judgement = JudgeOne(*difference);
}

void FindDetectable(std::span<Difference* const> differences) {
  // A figure of one point's accuracy: few worlds do, and sizes that hardly differ share it.
  constexpr std::size_t kMostFigures = 4;
  constexpr double kMostTrialsDrawn = 4e6;
  using Size = std::tuple<std::int64_t, std::int64_t, int, int>;
  std::map<Size, std::optional<double>> known;
  for (Difference* difference : differences) {
    if (difference->judgement != Judgement::kNotDistinguishable || difference->pairing != Pairing::kByTask) continue;
    const std::int64_t tasks = difference->tasks();
    std::int64_t trials = 0;
    for (const CommonTask& task : difference->common) trials += std::min(task.counts.a.ended.n, task.counts.b.ended.n);
    const std::int64_t each =
        std::max<std::int64_t>(1, std::llround(static_cast<double>(trials) / static_cast<double>(tasks)));
    const Size size{tasks, each, static_cast<int>(std::lround(difference->a.estimate * 50)),
                    static_cast<int>(std::lround(difference->a.icc * 10))};
    const auto found = known.find(size);
    if (found != known.end()) {
      difference->detectable = found->second;
      continue;
    }
    if (known.size() >= kMostFigures) continue;
    const stats::World world{tasks, each, std::clamp(std::get<2>(size) / 50.0, 0.01, 0.99), std::get<3>(size) / 10.0,
                             1};
    const double one_world = static_cast<double>(tasks) * static_cast<double>(2 * each);
    const auto worlds = static_cast<std::int64_t>(std::clamp(kMostTrialsDrawn / one_world / 8, 40.0, 200.0));
    known[size] = difference->detectable = stats::RoughlySeen(world, world.base <= 0.5, worlds);
  }
}

}  // namespace xsweep
