// Measures a comparison of two runs of 100,000 trials: reading both, pairing, tests.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "analyze/comparison/compare.h"
#include "base/draw.h"
#include "record/run_directory.h"

namespace xsweep {
namespace {

constexpr std::uint32_t kTasks = 50;
constexpr std::uint32_t kTrials = 10;
constexpr std::uint32_t kSeeds = 20;

Status WriteRun(const std::filesystem::path& directory, std::uint32_t trials, double rate) {
  TRY(MakeDirectories(RealDisk(), directory));
  Manifest run;
  run.run_id = "20260101T000000Z-nogit-SHIM-s41..60-t10";
  run.exp = "bench";
  run.planned = trials;
  TRY(WriteAtomically(RealDisk(), directory / "run.json", run.ToJson().Dump()));
  std::string rows;
  for (std::uint32_t i = 0; i < trials; ++i) {
    Trial trial;
    trial.index = i;
    trial.trial = i % kTrials;
    trial.seed = 41 + i / kTrials % kSeeds;
    trial.task = "airline_task_" + std::to_string(i / (kTrials * kSeeds) % kTasks);
    trial.cell = "defense.name=refund_limit,judge.threshold=" + std::to_string(i / (kTrials * kSeeds * kTasks));
    const Draws draws(trial.seed, trial.task, trial.trial);
    trial.outcome = draws.Uniform("outcome", 0) < rate ? Outcome::kAttackSucceeded : Outcome::kAttackResisted;
    trial.task_success = draws.Uniform("task", 0) < 0.7;
    trial.exposed = true;
    trial.task_hash = trial.payload_hash = trial.policy_hash = trial.judge_hash = "0123456789abcdef";
    AppendTrialRow(trial, rows);
  }
  return WriteAtomically(RealDisk(), directory / "trials.jsonl", rows);
}

Status MeasureComparison(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto begin = std::chrono::steady_clock::now();
  TRY_ASSIGN(const RunComparison comparison, CompareRuns(a.string(), b.string()));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const Difference& asr = comparison.cells.at(0).asr;
  fmt::print("compared in {:.3f} s, {} MB peak; {} cells, {} discordant trials; first cell {:+.4f} ({})\n",
             seconds.count(), usage.ru_maxrss / 1024, comparison.cells.size(), comparison.discordant_total,
             asr.difference.value_or(0), JudgementWords(asr.judgement));
  return {};
}

}  // namespace
}  // namespace xsweep

/// Writes the two runs in a process of its own, so that the peak is that of the comparison: `compare_bench write`.
int main(int argc, char** argv) {
  const std::filesystem::path root = std::filesystem::temp_directory_path() / "xsweep_compare_bench";
  const bool write = argc > 1 && std::string_view(argv[1]) == "write";
  xsweep::Status status;
  if (write || !std::filesystem::exists(root)) {
    status = xsweep::WriteRun(root / "a", 100'000, 0.30);
    if (status) status = xsweep::WriteRun(root / "b", 100'000, 0.28);
  }
  for (int repeat = 0; status && !write && repeat < 3; ++repeat)
    status = xsweep::MeasureComparison(root / "a", root / "b");
  if (!status) fmt::print(stderr, "{}\n", status.error().Text());
  return status ? 0 : 4;
}
