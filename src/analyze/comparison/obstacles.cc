// Obstacles: what of two runs forbids a comparison, or has to be known to read it.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/obstacles.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "analyze/comparison/side_faults.h"
#include "analyze/numbers.h"

namespace xsweep {
namespace {

std::string FirstNames(std::vector<std::string> names) {
  const std::size_t count = names.size();
  names.resize(std::min<std::size_t>(count, 5));
  return fmt::format("{}{}", fmt::join(names, ", "), count > 5 ? ", ..." : "");
}

/// The tasks of two runs, by whether the rows of both say the same of them.
struct SharedTasks {
  std::vector<std::string> changed, only_in_one;
  std::size_t common = 0;
  std::size_t unknown = 0;  ///< of the common: without a hash in one run at least
};

SharedTasks MatchTasks(const TrialTable& a, const TrialTable& b, const SharedNames& names) {
  SharedTasks tasks;
  for (const auto& [task, hash] : a.task_hashes) {
    const auto other = b.task_hashes.find(task);
    if (other == b.task_hashes.end()) {
      tasks.only_in_one.push_back(names.tasks.names()[task]);
      continue;
    }
    ++tasks.common;
    if (hash.empty() || other->second.empty()) {
      ++tasks.unknown;
    } else if (hash != other->second) {
      tasks.changed.push_back(names.tasks.names()[task]);
    }
  }
  for (const auto& [task, hash] : b.task_hashes) {
    if (!a.task_hashes.contains(task)) tasks.only_in_one.push_back(names.tasks.names()[task]);
  }
  return tasks;
}

}  // namespace

void NoteRunObstacles(const Manifest& a, const Manifest& b, std::vector<Obstacle>& out) {
  const auto note = [&](ObstacleKind kind, bool fatal, std::string message) {
    out.push_back({kind, fatal, std::move(message)});
  };
  if (a.environment_name != b.environment_name) {
    note(ObstacleKind::kEnvironment, true,
         fmt::format("the environments differ: {} and {}", a.environment_name, b.environment_name));
  } else if (a.environment_data_sha256.empty() != b.environment_data_sha256.empty()) {
    // One that says nothing may well be the same: a doubt, where two that differ are a refusal.
    note(ObstacleKind::kData, false, "one run does not say which data it used: whether they are the same is not known");
  } else if (a.environment_data_sha256 != b.environment_data_sha256) {
    note(ObstacleKind::kData, true,
         fmt::format("the data of environment {} differ between the runs", a.environment_name));
  }
  if (a.mode != b.mode) {
    note(ObstacleKind::kMode, true,
         fmt::format("a simulated run says nothing about a real one: {} and {}", NameOf(a.mode), NameOf(b.mode)));
  }
}

void NoteTaskObstacles(const TrialTable& a, const TrialTable& b, const SharedNames& names, std::vector<Obstacle>& out) {
  const SharedTasks tasks = MatchTasks(a, b, names);
  const auto note = [&](ObstacleKind kind, bool fatal, std::string message) {
    out.push_back({kind, fatal, std::move(message)});
  };
  if (!tasks.changed.empty()) {
    note(ObstacleKind::kTasks, true,
         fmt::format("{} of {} common tasks have other content: {}", tasks.changed.size(), tasks.common,
                     FirstNames(tasks.changed)));
  }
  if (tasks.unknown > 0) {
    note(ObstacleKind::kTasks, false,
         fmt::format(
             "in one run at least, rows do not say what {} of {} common tasks held: whether they are the same is "
             "not known",
             tasks.unknown, tasks.common));
  }
  if (tasks.common == 0) {
    note(ObstacleKind::kNoCommonTask, false,
         "the runs have no task in common: their tasks are compared as two samples, which sees far less");
  } else if (!tasks.only_in_one.empty()) {
    note(
        ObstacleKind::kOtherTasks, false,
        fmt::format("the differences rest on the {} that both runs have, the rates on all of each; in one run only: {}",
                    Count(static_cast<std::int64_t>(tasks.common), "task", "tasks"), FirstNames(tasks.only_in_one)));
  }
}

void NoteSideFaults(const char* which, const TrialTable& table, bool accepted, std::vector<Obstacle>& out) {
  const SideFaults faults = FaultsOf(table);
  if (!faults.damage.empty()) {
    out.push_back({ObstacleKind::kRows, !accepted,
                   fmt::format("the {} run is damaged: {}; no difference can be trusted", which, faults.damage)});
  }
  if (!faults.errors.empty())
    out.push_back({ObstacleKind::kErrors, false, fmt::format("the {} run is INVALID: {}", which, faults.errors)});
}

void NoteCellObstacles(std::size_t common, std::size_t only_in_a, std::size_t only_in_b, std::vector<Obstacle>& out) {
  if (common == 0) {
    out.push_back({ObstacleKind::kNoCommonCell, true, "the runs have no cell in common"});
  } else if (only_in_a + only_in_b > 0) {
    out.push_back({ObstacleKind::kMissingCells, false,
                   fmt::format("{} in both runs; {} only in the first, {} only in the second",
                               common == 1 ? "1 cell is" : fmt::format("{} cells are", common), only_in_a, only_in_b)});
  }
}

void NoteUncountedTrials(const TrialTable& a, const TrialTable& b, const std::vector<std::uint32_t>& cells,
                         std::vector<Obstacle>& out) {
  struct Trials {
    std::int64_t all = 0, lost = 0, attacked = 0, undelivered = 0;
  };
  const auto count = [&](const TrialTable& table) {
    Trials trials;
    for (const std::uint32_t cell : cells) {
      for (const TrialOutcome& trial : CellOf(table, cell)) {
        ++trials.all;
        trials.lost += trial.outcome == Outcome::kError || trial.outcome == Outcome::kSkipped ? 1 : 0;
        trials.attacked += trial.outcome <= Outcome::kNotExposed ? 1 : 0;
        trials.undelivered += trial.outcome == Outcome::kNotExposed ? 1 : 0;
      }
    }
    return trials;
  };
  const Trials first = count(a), second = count(b);
  if (first.lost + second.lost > 0) {
    out.push_back(
        {ObstacleKind::kLost, false,
         fmt::format("{} of {} trials of the first run and {} of {} of the second ended in an error or did not run: "
                     "what they would have shown is in no rate",
                     first.lost, first.all, second.lost, second.all)});
  }
  if (first.undelivered + second.undelivered > 0) {
    out.push_back(
        {ObstacleKind::kUndelivered, false,
         fmt::format("{} of {} attacks of the first run and {} of {} of the second were never delivered: they count "
                     "as failed, and say nothing of resistance",
                     first.undelivered, first.attacked, second.undelivered, second.attacked)});
  }
}

}  // namespace xsweep
