// Rows for tests: a trial of any kind from a number, and a directory that cleans up after itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/draw.h"
#include "record/logs/trial.h"
#include "record/manifest.h"

namespace xsweep {

/// The trial of that number: cells of 6 tasks x 2 seeds x 5 trials, all fields drawn.
inline Trial DrawnTrial(std::uint32_t number) {
  const Draws draws(11, "row", number);
  const auto draw = [&](const char* what, std::int64_t high) { return draws.Integer(what, 0, 0, high); };
  Trial trial;
  trial.index = number;
  trial.trial = number % 5;
  trial.seed = 41 + number / 5 % 2;
  trial.task = "task_" + std::to_string(number / 10 % 6);
  trial.cell = "defense.name=d" + std::to_string(number / 60);
  trial.outcome = static_cast<Outcome>(draw("outcome", kCount<Outcome> - 1));
  if (draw("assessed", 3) > 0) trial.task_success = draw("task_success", 1) == 1;
  if (draw("rewarded", 3) == 0) trial.reward = static_cast<double>(draw("reward", 4)) / 4;
  trial.goal = "unearned_certificate";
  trial.exposed = draw("exposed", 1) == 1;
  trial.exposed_turn = trial.exposed ? static_cast<int>(draw("turn", 9)) : 0;
  trial.attempted = static_cast<int>(draw("attempted", 3));
  trial.executed = static_cast<int>(draw("executed", trial.attempted));
  trial.blocked = trial.attempted - trial.executed;
  trial.exposure_unknown = !trial.exposed && draw("told", 5) == 0;
  trial.queries = draw("tries", 4);
  if (trial.outcome == Outcome::kAttackSucceeded && trial.queries > 0) trial.success_query = draw("try", trial.queries);
  trial.amount_usd = draws.Uniform("amount", 0) * 400;
  trial.turns = static_cast<int>(draw("turns", 30));
  trial.tool_calls = static_cast<int>(draw("tools", 100));
  trial.stop = Stop::kUserStop;
  for (const Role role : kEvery<Role>) {
    if (draws.Integer("plays", static_cast<std::uint32_t>(role), 0, 1) == 0) continue;
    trial.usage[role] = {draw("calls", 20), draw("prompt", 90000), draw("completion", 4000), draw("cost", 5'000'000)};
    if (draw("cached", 2) == 0) trial.usage[role].cached_tokens = draw("read", 50000);
    if (draw("written", 4) == 0) trial.usage[role].written_tokens = draw("write", 9000);
    if (draw("priced", 9) == 0) trial.usage[role].cost_known = false, trial.usage[role].cost_nano_usd = 0;
  }
  if (draw("renamed", 2) == 0) trial.answered_by.emplace_back("agent", "gpt-4o-2024-08-06");
  if (draw("renamed judge", 5) == 0) trial.answered_by.emplace_back("judge", "served/as-another");
  trial.task_hash = "0123456789abcdef";
  trial.payload_hash = trial.policy_hash = trial.judge_hash = "fedcba9876543210";
  if (trial.outcome == Outcome::kError) {
    trial.error_kind = TrialError::kEpisode;
    trial.error_message = draw("escaped", 1) == 1 ? "said \"no\"\nand left" : "HTTP 500";
  }
  return trial;
}

inline std::string RowOf(const Trial& trial) {
  std::string row;
  AppendTrialRow(trial, row);
  return row;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "xsweep_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string Write(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A run by hand: cells of `outcomes[cell][task][trial]`, 's' attack succeeded, 'r' resisted, 'b' blocked, 'n' not
/// exposed, '+' and '-' benign with the task solved or not, 'e' error, 'k' skipped.
class HandMadeRun {
 public:
  HandMadeRun() {
    run.run_id = "20260101T000000Z-abc1234-SHIM-s41-t4";
    run.exp = "hand_made";
    run.mode = Mode::kShim;
    run.status = RunStatus::kCompleted;
    run.environment_name = "airline";
    run.environment_data_sha256 = "00";
    run.seeds = {41};
  }
  HandMadeRun& Cell(const std::string& id, const std::vector<std::string>& tasks, const std::string& attack = "",
                    const std::string& defense = "", Arm arm = Arm::kGrid) {
    CellRecord record;
    record.id = id;
    record.arm = arm;
    record.attack = attack;
    record.defense = defense;
    run.cells.push_back(record);
    for (std::size_t task = 0; task < tasks.size(); ++task) {
      for (std::size_t i = 0; i < tasks[task].size(); ++i) AddTrial(id, task, i, tasks[task][i]);
    }
    return *this;
  }
  std::string Rows() const {
    std::string text;
    for (const Trial& trial : trials) AppendTrialRow(trial, text);
    return text;
  }
  /// Writes the directory of a sealed run and returns its path.
  std::string WriteTo(const TemporaryDirectory& directory, const std::string& name) {
    run.planned = trials.size();
    directory.Write(name + "/run.json", run.ToJson().DumpPretty());
    directory.Write(name + "/trials.jsonl", Rows());
    return (directory.path() / name).string();
  }

  Manifest run;
  std::vector<Trial> trials;

 private:
  void AddTrial(const std::string& cell, std::size_t task, std::size_t number, char what) {
    static const std::string kLetters = "srbn+ek";
    Trial trial;
    trial.index = trials.size();
    trial.cell = cell;
    trial.task = "t" + std::to_string(task);
    trial.seed = 41;
    trial.trial = static_cast<std::uint32_t>(number);
    trial.outcome = static_cast<Outcome>(kLetters.find(what == '-' ? '+' : what));
    trial.exposed = what == 's' || what == 'r' || what == 'b';
    if (what == '+' || what == '-') trial.task_success = what == '+';
    if (what == 'e' || what == 'k') trial.error_kind = TrialError::kEpisode;
    trial.task_hash = "hash_" + trial.task;
    trials.push_back(trial);
  }
};

}  // namespace xsweep
