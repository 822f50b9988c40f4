// Measures aggregation: writes rows as a run does (about 659 bytes each), reads them back into rates with bounds.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "analyze/aggregate.h"
#include "base/draw.h"
#include "base/files.h"

namespace xsweep {
namespace {

constexpr std::uint32_t kTasks = 50;
constexpr std::uint32_t kTrials = 10;
constexpr std::uint32_t kSeeds = 20;

/// A row of an attacked SHIM trial; cells of 10,000.
Trial BenchTrial(std::uint64_t index) {
  Trial trial;
  trial.index = index;
  trial.trial = static_cast<std::uint32_t>(index % kTrials);
  trial.seed = 41 + index / kTrials % kSeeds;
  trial.task = "airline_task_" + std::to_string(index / (kTrials * kSeeds) % kTasks);
  trial.cell = "defense.name=refund_limit,judge.threshold=" + std::to_string(index / (kTrials * kSeeds * kTasks));
  const Draws draws(1, trial.task, static_cast<std::uint32_t>(index));
  trial.outcome = draws.Uniform("outcome", 0) < 0.3 ? Outcome::kAttackSucceeded : Outcome::kAttackResisted;
  trial.task_success = draws.Uniform("task", 0) < 0.7;
  trial.goal = "unearned_certificate";
  trial.channel = Channel::kUserTurn;
  trial.exposed = true;
  trial.exposed_turn = 2;
  trial.attempted = 1;
  trial.executed = trial.outcome == Outcome::kAttackSucceeded ? 1 : 0;
  trial.queries = 1 + static_cast<std::int64_t>(index % 3);
  if (trial.outcome == Outcome::kAttackSucceeded) trial.success_query = trial.queries;
  trial.amount_usd = 150 + static_cast<double>(draws.Integer("amount", 0, 0, 219));
  trial.turns = 7;
  trial.tool_calls = 5;
  trial.stop = Stop::kUserStop;
  for (const Role role : {Role::kAgent, Role::kJudge})
    trial.usage[role] = {7, 14000 + static_cast<int>(index % 512), 610, 36'742'500};
  trial.task_hash = trial.payload_hash = trial.policy_hash = trial.judge_hash = "0123456789abcdef";
  return trial;
}

Status WriteRows(const std::string& path, std::uint64_t rows) {
  TRY_ASSIGN(const auto file, RealDisk().Open(path, OpenMode::kTruncate));
  std::string buffer;
  for (std::uint64_t i = 0; i < rows; ++i) {
    AppendTrialRow(BenchTrial(i), buffer);
    if (buffer.size() < (1U << 20U) && i + 1 < rows) continue;
    TRY(file->Write(buffer));
    buffer.clear();
  }
  return {};
}

double CpuSeconds(const rusage& usage) {
  const auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Status Measure(const std::string& path, int threads, bool general) {
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const auto begin = std::chrono::steady_clock::now();
  TRY_ASSIGN(const auto run, AggregateRows(path, {.threads = threads, .general_path_only = general}));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{:>8} {:>8} {:>10} {:>8.3f} s {:>8.3f} s of CPU {:>10.0f} rows/s {:>6} MB peak   asr {:.4f}\n",
             general ? "general" : "fast", threads, run.rows, seconds.count(), CpuSeconds(usage) - CpuSeconds(before),
             static_cast<double>(run.rows) / seconds.count(), usage.ru_maxrss / 1024,
             run.cells.empty() ? 0 : run.cells[0].asr.value().value_or(0));
  return {};
}

Status Run(std::uint64_t rows, const std::string& kept) {
  const std::string path =
      kept.empty() ? (std::filesystem::temp_directory_path() / "xsweep_aggregate_bench.jsonl").string() : kept;
  TRY(WriteRows(path, rows));
  fmt::print("{} rows of {} bytes\n", rows, std::filesystem::file_size(path) / rows);
  for (int repeat = 0; repeat < 3; ++repeat) TRY(Measure(path, 2, false));
  TRY(Measure(path, 1, false));
  if (rows <= 1'000'000) TRY(Measure(path, 2, true));
  if (kept.empty()) std::filesystem::remove(path);
  return {};
}

}  // namespace
}  // namespace xsweep

int main(int argc, char** argv) {
  const long long rows = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  if (rows < 1) {
    fmt::print(stderr, "usage: aggregate_bench [ROWS [FILE_TO_KEEP]]\n");
    return 2;
  }
  const auto status = xsweep::Run(static_cast<std::uint64_t>(rows), argc > 2 ? argv[2] : "");
  if (!status) fmt::print(stderr, "{}\n", status.error().Text());
  return status ? 0 : 4;
}
