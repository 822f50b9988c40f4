// What grows with the number of shards: the merge, flat and as a tree, and a look at what all others have spent.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>

#include "record/ledger.h"
#include "record/run_directory.h"
#include "record/trial_log.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kRowsOfAShard = 2000;
constexpr std::int64_t kFanIn = 32;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "xsweep-scaling-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr, "no temporary directory");
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

void WriteShard(const fs::path& shards, std::uint64_t shard) {
  std::string rows;
  Trial trial;
  trial.cell = "base";
  trial.task_hash = trial.payload_hash = trial.policy_hash = trial.judge_hash = "0123456789abcdef";
  for (std::uint64_t i = 0; i < kRowsOfAShard; ++i) {
    trial.index = shard * kRowsOfAShard + i;
    trial.task = "task_" + std::to_string(i % 50);
    AppendTrialRow(trial, rows);
  }
  auto file = RealDisk().Open(shards / (std::to_string(shard) + ".jsonl"), OpenMode::kTruncate);
  CHECK(file && (*file)->Write(rows), "cannot write a shard");
}

/// Puts the rows of `count` shards in plan order into one file; the time that a merge takes.
void MergeShards(const fs::path& shards, std::uint64_t count, const fs::path& out) {
  const auto rows = RecordedTrials::Scan(shards, count * kRowsOfAShard);
  CHECK(rows && rows->recorded() == count * kRowsOfAShard, "rows are missing");
  auto file = AtomicFile::Create(RealDisk(), out);
  CHECK(file, "cannot write");
  CHECK(rows->ForEachRow([&](std::uint64_t, std::string_view row) { return file->Write(row); }), "cannot merge");
  CHECK(file->Commit(), "cannot commit");
}

void MergeFlat(benchmark::State& state) {
  const Folder folder;
  const auto shards = static_cast<std::uint64_t>(state.range(0));
  for (std::uint64_t shard = 0; shard < shards; ++shard) WriteShard(folder.path, shard);
  for (auto _ : state) MergeShards(folder.path, shards, folder.path / "trials");
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(shards * kRowsOfAShard), benchmark::Counter::kIsIterationInvariantRate);
}

/// Groups of kFanIn shards are merged, which nodes can do side by side; shards are ranges of the plan, so the files of
/// groups are then only put one behind the other. `slowest_path_ms` is one group and the last step.
void MergeAsTree(benchmark::State& state) {
  const Folder folder;
  const std::int64_t groups = (state.range(0) + kFanIn - 1) / kFanIn;
  for (std::int64_t group = 0; group < groups; ++group) {
    const fs::path path = folder.path / std::to_string(group);
    fs::create_directory(path);
    for (std::uint64_t shard = 0; shard < kFanIn; ++shard) WriteShard(path, shard);
  }
  double slowest = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    double group_seconds = 0;
    for (std::int64_t group = 0; group < groups; ++group) {
      const auto begin = std::chrono::steady_clock::now();
      MergeShards(folder.path / std::to_string(group), kFanIn, folder.path / std::to_string(group) / "trials");
      group_seconds =
          std::max(group_seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    const auto last = std::chrono::steady_clock::now();
    auto out = AtomicFile::Create(RealDisk(), folder.path / "trials");
    for (std::int64_t group = 0; group < groups; ++group) {
      const auto part = MappedFile::Open(folder.path / std::to_string(group) / "trials");
      CHECK(part && out->Write(part->bytes()), "cannot put the groups together");
    }
    CHECK(out->Commit(), "cannot commit");
    const auto end = std::chrono::steady_clock::now();
    slowest = group_seconds + std::chrono::duration<double>(end - last).count();
    state.SetIterationTime(std::chrono::duration<double>(end - start).count());
  }
  state.counters["slowest_path_ms"] = slowest * 1000;
}

/// Shards that share one budget of calls, each with four calls in flight: what a look before a call costs, and by how
/// many calls the limit is passed. The calls in flight bound that.
void SharedBudgetOverLedgers(benchmark::State& state) {
  constexpr int kInFlight = 4;
  const auto shards = static_cast<std::size_t>(state.range(0));
  const std::int64_t limit = state.range(0) * 20;
  std::int64_t made = 0;
  for (auto _ : state) {
    const Folder folder;
    std::vector<std::unique_ptr<Ledger>> ledgers;
    std::vector<LedgerReader> readers;
    for (std::size_t shard = 0; shard < shards; ++shard) {
      const std::string name = std::to_string(shard) + ".spent";
      ledgers.push_back(*Ledger::Create(RealDisk(), folder.path / name));
      readers.emplace_back(folder.path);
    }
    made = 0;
    std::vector<int> in_flight(shards);
    bool any = true;
    while (any) {
      any = false;
      for (std::size_t shard = 0; shard < shards; ++shard) {
        CHECK(readers[shard].Refresh(), "cannot read the ledgers");
        for (; in_flight[shard] < kInFlight && readers[shard].Total().calls < limit; ++in_flight[shard]) ++made;
        if (in_flight[shard] == 0) continue;
        any = true;
        --in_flight[shard];
        CHECK(ledgers[shard]->Append({.calls = 1, .stopped_by = {}}), "cannot write the ledger");
      }
    }
  }
  state.counters["passed_by"] = static_cast<double>(made - limit);
  state.counters["in_flight"] = static_cast<double>(shards * kInFlight);
  state.counters["s/call"] = benchmark::Counter(
      static_cast<double>(made), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK(MergeFlat)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();
BENCHMARK(MergeAsTree)->Arg(32)->Arg(128)->Arg(1024)->Unit(benchmark::kMillisecond)->Iterations(1)->UseManualTime();
BENCHMARK(SharedBudgetOverLedgers)
    ->Arg(10)
    ->Arg(100)
    ->Arg(400)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

}  // namespace
}  // namespace xsweep

BENCHMARK_MAIN();
