// Sample runs for tests of the renderers: small worlds with known counts, read as any run is read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "analyze/aggregate.h"
#include "base/files.h"
#include "base/hash.h"
#include "record/manifest.h"
#include "record/run_directory.h"

namespace xsweep {

/// A run in the making: cells x tasks x seeds x trials, each trial as `shape` leaves it.
struct Sample {
  std::string exp = "airline_escalating_v1";
  std::vector<CellRecord> cells;
  int tasks = 4;
  std::vector<std::uint64_t> seeds{41, 42, 43};
  int trials = 3;
  std::function<void(const CellRecord&, Trial&)> shape;  ///< sets outcome and the rest
};

/// A number in [0, 1) that depends on the trial and the cell alone.
inline double Chance(const std::string& cell, const Trial& trial) {
  const std::string key = fmt::format("{}/{}/{}/{}", cell, trial.task, trial.seed, trial.trial);
  return static_cast<double>(Hash64(key) >> 11U) * 0x1.0p-53;
}

/// The usual shape: attacked trials succeed with `rate`, tasks are solved four times in five, one error in fifty.
inline void ShapeByRate(double rate, const CellRecord& cell, Trial& trial) {
  const double chance = Chance(cell.id, trial);
  trial.outcome = chance < rate ? Outcome::kAttackSucceeded : Outcome::kAttackResisted;
  if (chance > 0.98)
    trial.outcome = Outcome::kError, trial.error_kind = TrialError::kEpisode, trial.error_message = "HTTP 429";
  if (cell.attack == "none" && trial.outcome != Outcome::kError) trial.outcome = Outcome::kBenign;
  trial.exposed = trial.outcome != Outcome::kBenign && trial.outcome != Outcome::kError;
  trial.exposed_turn = 1;
  if (trial.outcome != Outcome::kError) trial.task_success = Hash64(trial.task + cell.id, trial.seed) % 5 != 0;
  trial.turns = 4;
  trial.tool_calls = 6;
  trial.usage[Role::kAgent] = {5, 1200, 80, 0};
}

inline CellRecord GridCell(const std::vector<std::pair<std::string, Json>>& axes, std::string attack,
                           std::string defense) {
  CellRecord cell;
  cell.hash = "0123456789abcdef";
  cell.arm = Arm::kGrid;
  cell.axes = axes;
  cell.agent = "shim";
  cell.judge = "out_of_policy_refund";
  for (const auto& [path, value] : axes) {
    cell.id += (cell.id.empty() ? "" : ",") + path + "=" + (value.is_string() ? value.AsString() : value.Dump());
  }
  if (cell.id.empty()) cell.id = "base";
  cell.attack = std::move(attack);
  cell.defense = std::move(defense);
  return cell;
}

/// Defenses x thresholds, as many cells as asked for, the rate falling along the way; with a no-attack control from 12
/// on.
inline Sample GridSample(int cells, int seeds) {
  Sample sample;
  const std::vector<std::string> defenses{"none", "refund_limit", "block_everything", "spotlight"};
  for (int i = 0; i < cells; ++i) {
    if (cells == 1) {
      sample.cells.push_back(GridCell({}, "escalating_dialogue", "none"));
      break;
    }
    const std::string& defense = defenses[static_cast<std::size_t>(i) % defenses.size()];
    sample.cells.push_back(
        GridCell({{"judge.threshold", 100 + 25 * (i / 4)}, {"defense.name", defense}}, "escalating_dialogue", defense));
  }
  if (cells >= 12) {
    CellRecord control = GridCell({{"judge.threshold", 100}, {"defense.name", "none"}}, "none", "none");
    control.id += "+no_attack";
    control.arm = Arm::kNoAttack;
    sample.cells.back() = control;
  }
  sample.seeds.clear();
  for (int i = 0; i < seeds; ++i) sample.seeds.push_back(static_cast<std::uint64_t>(41 + i));
  sample.shape = [](const CellRecord& cell, Trial& trial) {
    const double rate = cell.defense == "block_everything" ? 0 : cell.defense == "refund_limit" ? 0.15 : 0.6;
    ShapeByRate(rate, cell, trial);
  };
  return sample;
}

struct SampleRun {
  Manifest manifest;
  RunAggregate aggregate;
  std::filesystem::path path;
};

inline Manifest SampleManifest(const Sample& sample) {
  Manifest manifest;
  manifest.run_id = "20260102T030405Z-abc1234-SHIM-s41_42_43-t3";
  manifest.timestamp_utc = "2026-01-02T03:04:05Z";
  manifest.finished_utc = "2026-01-02T03:04:06Z";
  manifest.status = RunStatus::kCompleted;
  manifest.git = {.sha = "abc1234def5678abc1234def5678abc1234def56", .branch = "main"};
  manifest.exp = sample.exp;
  manifest.exp_id = sample.exp + "-0011223344556677";
  manifest.mode = Mode::kShim;
  manifest.seeds = sample.seeds;
  manifest.trials = static_cast<std::uint32_t>(sample.trials);
  for (int task = 0; task < sample.tasks; ++task) manifest.tasks.push_back(fmt::format("refund_{:02}", task));
  manifest.cells = sample.cells;
  manifest.planned =
      sample.cells.size() * manifest.tasks.size() * sample.seeds.size() * static_cast<std::size_t>(sample.trials);
  manifest.config_hash = "0011223344556677";
  manifest.xsweep_version = "0.1.0";
  manifest.argv = {"xsweep", "run", "configs/airline_escalating_v1/run.yaml"};
  manifest.environment_name = "airline";
  manifest.environment_version = "1";
  return manifest;
}

/// Writes run.json and trials.jsonl into a directory of the test's own and reads them back.
inline SampleRun MakeRun(const Sample& sample) {
  static int number = 0;
  const auto root = std::filesystem::path(testing::TempDir()) / fmt::format("xsweep_present_{}_{}", getpid(), number++);
  SampleRun run;
  run.manifest = SampleManifest(sample);
  auto directory = RunDirectory::Create(RealDisk(), root, sample.exp, run.manifest.run_id);
  EXPECT_TRUE(directory.has_value());
  run.path = directory->path();
  std::string rows;
  std::uint64_t index = 0;
  for (const CellRecord& cell : sample.cells) {
    for (const std::string& task : run.manifest.tasks) {
      for (const std::uint64_t seed : sample.seeds) {
        for (int repetition = 0; repetition < sample.trials; ++repetition) {
          Trial trial;
          trial.index = index++;
          trial.cell = cell.id;
          trial.task = task;
          trial.seed = seed;
          trial.trial = static_cast<std::uint32_t>(repetition);
          sample.shape(cell, trial);
          ++run.manifest.counts[std::string(NameOf(trial.outcome))];
          AppendTrialRow(trial, rows);
        }
      }
    }
  }
  if (run.manifest.counts.contains("skipped")) run.manifest.status = RunStatus::kBudget;
  EXPECT_TRUE(directory->WriteManifest(run.manifest).has_value());
  EXPECT_TRUE(directory->Write("trials.jsonl", rows).has_value());
  auto aggregate = AggregateRun(run.path.string());
  EXPECT_TRUE(aggregate.has_value()) << aggregate.error().Text();
  if (aggregate) run.aggregate = std::move(*aggregate);
  return run;
}

}  // namespace xsweep
