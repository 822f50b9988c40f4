// PowerWords: what a planned design can see.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/power_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyze/gates/gates.h"
#include "analyze/numbers.h"
#include "analyze/run_facts.h"
#include "base/text.h"
#include "plan/estimate.h"
#include "stats/task_rate.h"

namespace xsweep {
namespace {

constexpr std::int64_t kGateWorlds = 500;

Status Check(const PowerQuestion& question) {
  const stats::World& world = question.world;
  const auto share = [](double value) { return value >= 0 && value <= 1; };
  if (!share(world.base)) return UserError(fmt::format("must lie in [0, 1], not {}", world.base), "baseline");
  if (!share(world.icc)) return UserError(fmt::format("must lie in [0, 1], not {}", world.icc), "icc");
  if (world.tasks < 2) return UserError("one task says nothing about others: at least 2 are needed", "tasks");
  if (static_cast<double>(world.tasks) * static_cast<double>(world.trials_per_task) > 1e6) {
    return UserError("a design of more than a million trials an arm is not simulated", "trials");
  }
  if (question.cost_per_trial_usd && !(*question.cost_per_trial_usd >= 0)) {
    return UserError("must not be negative", "cost per trial");
  }
  if (question.difference && (*question.difference == 0 || !(std::abs(*question.difference) <= 1))) {
    return UserError(fmt::format("must lie in [-1, 1] and not be 0, not {}", *question.difference), "difference");
  }
  return {};
}

std::string ChanceWords(const stats::Chance& power) {
  return fmt::format("{:.0f} % ± {:.1f} power, {} worlds", 100 * power.value, 100 * power.error(),
                     WithThousands(static_cast<std::uint64_t>(power.worlds)));
}

std::string SeenLine(const stats::World& world, bool rise) {
  const stats::SmallestSeen seen = stats::FindSmallestSeen(world, rise);
  const std::string_view way = rise ? "up" : "down";
  if (seen.difference) {
    return fmt::format("  {:<4}          {:.1f} points {} ({})\n", way, 100 * std::abs(*seen.difference), way,
                       ChanceWords(seen.power));
  }
  return fmt::format("  {:<4}          not even the largest possible {} can be seen\n", way, rise ? "rise" : "fall");
}

/// The interval of one arm whose tasks are as alike as assumed.
stats::Interval TypicalInterval(const stats::World& world) {
  const auto tasks = static_cast<double>(world.tasks);
  const double within = 1 / static_cast<double>(world.trials_per_task);
  const double less = std::min(world.base, 1 - world.base);
  const double weight = less > 0 ? tasks * less / (less + world.icc * (1 - less)) : 0;
  stats::ScoreBase base;
  base.estimate = world.base;
  base.spread = (within + (1 - within) * world.icc) / tasks;
  if (within < 1) base.freedom = (weight + stats::kBelievedFreedom) / ((1 - within) * (1 - within));
  return stats::PlainScore(base, 0.95);
}

std::string GateChancesWords(const stats::GateChances& chances) {
  return fmt::format("PASS {:.0f} %, FAIL {:.0f} %, INSUFFICIENT {:.0f} %", 100 * chances.pass, 100 * chances.fail,
                     100 * chances.insufficient);
}

/// Gates on one run's attack success; others ask for rates that nothing here assumes.
std::string GateLines(const PowerQuestion& question) {
  std::string text;
  for (const std::string& written : question.gates) {
    const auto gate = ParseGate(written);
    if (!gate || gate->rate != GateRate::kAsr || gate->k > 0 || !gate->versus.empty() || !OnBound(*gate)) continue;
    const stats::GateQuestion asked{gate->threshold, WantsLow(*gate), gate->target == Basis::kTheseTasks};
    stats::World world = question.world;
    text += fmt::format("  {}\n    at {:<10} {}\n", Printable(written), Percent(world.base),
                        GateChancesWords(stats::ChancesOfGate(world, asked, kGateWorlds)));
    world.base = asked.below ? gate->threshold / 2 : (1 + gate->threshold) / 2;
    text += fmt::format("    at {:<10} {}\n", Percent(world.base),
                        GateChancesWords(stats::ChancesOfGate(world, asked, kGateWorlds)));
  }
  return text.empty() ? text : "gates           if every cell had that rate:\n" + text;
}

std::string CostWords(const PowerQuestion& question, std::int64_t tasks, std::int64_t each) {
  const std::int64_t trials = (question.world.cells + 1) * tasks * each;
  const std::string money =
      question.cost_per_trial_usd
          ? fmt::format(", about {:.2f} USD", *question.cost_per_trial_usd * static_cast<double>(trials))
          : std::string();
  return fmt::format("{} trials{}", WithThousands(static_cast<std::uint64_t>(trials)), money);
}

/// The same number of trials as fewer tasks with more repetitions, or more tasks with fewer.
std::string SplitLines(const PowerQuestion& question) {
  const stats::World& design = question.world;
  const std::int64_t budget = design.tasks * design.trials_per_task;
  constexpr std::int64_t kMostDrawn = 20'000;
  if (budget > kMostDrawn) return {};
  std::string text;
  for (const std::int64_t each : {1, 2, 3, 5, 10, 20}) {
    stats::World world = design;
    world.tasks = budget / each;
    world.trials_per_task = each;
    if (world.tasks < 6 || each == design.trials_per_task) continue;
    const bool rise = world.base <= 0.5;
    const auto least = stats::RoughlySeen(world, rise, 300);
    text += fmt::format(
        "  {:>5} x {:<6} {}\n", world.tasks, each,
        least ? fmt::format("about {:.0f} points {}", 100 * *least, rise ? "up" : "down") : std::string("nothing"));
  }
  return text.empty() ? text : "other splits    tasks x trials of as many trials an arm can see (roughly):\n" + text;
}

std::string PriceLines(const PowerQuestion& question) {
  if (!question.difference) return {};
  const double difference = *question.difference;
  const std::string head =
      fmt::format("to see {:+.1f} points with {} trials a task:\n", 100 * difference, question.world.trials_per_task);
  stats::World world = question.world;
  if (std::abs(difference) > (difference > 0 ? 1 - world.base : world.base)) {
    return head + "  not possible from this baseline\n";
  }
  constexpr std::int64_t kWorlds = 1000, kMostTasks = 20'000;
  const auto seen = [&](std::int64_t tasks) {
    world.tasks = tasks;
    return stats::PowerAt(world, difference, kWorlds).value >= 0.8;
  };
  std::int64_t unseen = 1, enough = 8;
  for (; enough <= kMostTasks && !seen(enough); enough *= 2) unseen = enough;
  if (enough > kMostTasks) return head + fmt::format("  not with {} tasks\n", kMostTasks);
  while (enough - unseen > std::max<std::int64_t>(1, enough / 50)) {
    const std::int64_t middle = unseen + (enough - unseen) / 2;
    (seen(middle) ? enough : unseen) = middle;
  }
  return head + fmt::format("  about {} tasks: {} in all arms\n", enough,
                            CostWords(question, enough, question.world.trials_per_task));
}

/// Grid cells that stand against a control: those with a defense where there are any.
std::int64_t ComparedCells(const Plan& plan) {
  std::int64_t grid = 0, defended = 0;
  for (const Cell& cell : plan.cells()) {
    if (cell.arm != Arm::kGrid || cell.attack.name == "none") continue;
    ++grid;
    defended += cell.defense.name != "none" ? 1 : 0;
  }
  return std::max<std::int64_t>(1, defended > 0 ? defended : grid - 1);
}

}  // namespace

Expected<BaseRate> BaseRateOf(const std::filesystem::path& run) {
  TRY_ASSIGN(const RunAggregate aggregate, AggregateRun(run.string()));
  TRY(RefuseDamaged(aggregate, "say --baseline and --icc"));
  const RunFacts facts = FactsOf(aggregate);
  const CellAggregate* cell = facts.control != nullptr && facts.control->asr.n > 0 ? facts.control : facts.worst;
  if (cell == nullptr || cell->asr.n == 0) {
    return UserError("has no attacked cell with a rate; say --baseline and --icc", run.string());
  }
  return BaseRate{cell->asr.estimate, cell->asr.icc, cell->id};
}

void DescribeDesign(const SweepConfig& config, const Plan& plan, const BaseRate& base, PowerQuestion& question) {
  question.world = {static_cast<std::int64_t>(plan.tasks().size()),
                    static_cast<std::int64_t>(plan.seeds().size()) * plan.trials(), base.rate, base.icc,
                    ComparedCells(plan)};
  question.gates = config.gates;
  if (question.cost_per_trial_usd) return;
  const Estimate estimate = EstimatePlan(plan, config.mode);
  if (estimate.cost_usd && *estimate.cost_usd > 0)
    question.cost_per_trial_usd = *estimate.cost_usd / static_cast<double>(plan.size());
}

Expected<std::string> PowerText(const PowerQuestion& question) {
  TRY(Check(question));
  const stats::World& world = question.world;
  const stats::Interval typical = TypicalInterval(world);
  const std::string source = question.assumed_from.empty() ? "" : ", from " + Printable(question.assumed_from, 200);
  std::string text = fmt::format("design          {} tasks x {} trials in each arm; {} against a control\n",
                                 world.tasks, world.trials_per_task, Count(world.cells, "cell", "cells"));
  text += fmt::format("assumed         baseline {}, likeness of one task's trials (ICC) {:.2f}{}\n",
                      Percent(world.base), world.icc, source);
  text += fmt::format("one arm         95 % interval about {} for other tasks of this kind\n", BoundsWords(typical));
  text += fmt::format("can be seen     paired by task, two-sided 5 %{}, in four of five runs:\n",
                      world.cells > 1 ? " over all cells" : "");
  text += SeenLine(world, true) + SeenLine(world, false);
  text += GateLines(question) + SplitLines(question);
  text += fmt::format("cost            {} in all {} arms\n", CostWords(question, world.tasks, world.trials_per_task),
                      world.cells + 1);
  return text + PriceLines(question);
}

}  // namespace xsweep
