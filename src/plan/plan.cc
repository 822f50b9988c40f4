// Plan: trials as arithmetic on their index.
// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/text.h"

namespace xsweep {

namespace {

std::vector<std::string> KindsOf(const std::vector<Cell>& cells) {
  std::vector<std::string> kinds;
  kinds.reserve(cells.size());
  for (const Cell& cell : cells) kinds.push_back(cell.dialogue);
  return kinds;
}

}  // namespace

Plan::Plan(std::vector<Cell> cells, std::vector<std::string> tasks, std::vector<std::uint64_t> seeds,
           std::uint32_t trials)
    : cells_(std::move(cells)),
      tasks_(std::move(tasks)),
      seeds_(std::move(seeds)),
      trials_(trials),
      dialogues_(KindsOf(cells_), static_cast<std::uint64_t>(tasks_.size()) * seeds_.size() * trials_) {}

std::uint64_t Plan::size() const {
  return static_cast<std::uint64_t>(cells_.size()) * tasks_.size() * seeds_.size() * trials_;
}

TrialIdentity Plan::At(std::uint64_t index) const {
  CHECK(index < size(), "a trial beyond the plan");
  TrialIdentity trial;
  trial.index = index;
  trial.trial = static_cast<std::uint32_t>(index % trials_);
  index /= trials_;
  trial.seed = seeds_[index % seeds_.size()];
  index /= seeds_.size();
  trial.task = static_cast<std::uint32_t>(index % tasks_.size());
  trial.cell = static_cast<std::uint32_t>(index / tasks_.size());
  return trial;
}

std::string NoSuchTask(const SweepConfig& config, const std::string& id, const std::vector<std::string>& tasks) {
  // Of two numbers neither is a misspelling of the other.
  const std::string hint = ParseUnsigned(id) ? "" : DidYouMean(id, tasks);
  return fmt::format("environment `{}` has no task `{}`{}", config.environment.name, Printable(id),
                     hint.empty() ? fmt::format("; it has {} tasks", tasks.size()) : hint);
}

namespace {

Expected<std::vector<std::string>> ChooseTasks(const SweepConfig& config, const std::vector<std::string>& tasks) {
  if (config.tasks.empty()) return tasks;
  const std::unordered_set<std::string> known(tasks.begin(), tasks.end());
  for (const std::string& id : config.tasks) {
    if (!known.contains(id)) return UserError(NoSuchTask(config, id, tasks), config.source);
  }
  return config.tasks;
}

}  // namespace

Expected<Plan> MakePlan(const SweepConfig& config, const std::vector<std::string>& tasks) {
  TRY_ASSIGN(auto chosen, ChooseTasks(config, tasks));
  if (chosen.empty()) return UserError("the environment has no tasks, so there is nothing to run", config.source);
  TRY_ASSIGN(auto cells, ExpandCells(config));
  constexpr long double kMostTrials = 1e15L;
  const auto size = static_cast<long double>(cells.size()) * static_cast<long double>(chosen.size()) *
                    static_cast<long double>(config.seeds.size()) * config.trials;
  if (size > kMostTrials) return UserError("the plan has more than 10^15 trials; choose fewer of them", config.source);
  return Plan(std::move(cells), std::move(chosen), config.seeds, config.trials);
}

std::pair<std::uint64_t, std::uint64_t> ShardRange(std::uint64_t size, std::uint32_t index, std::uint32_t count) {
  CHECK(index < count, "a shard beyond their number");
  const std::uint64_t share = size / count;
  const std::uint64_t larger = size % count;  // the first `larger` shards take one more
  const auto begin = [&](std::uint64_t shard) { return shard * share + std::min(shard, larger); };
  return {begin(index), begin(index + 1ULL)};
}

}  // namespace xsweep
