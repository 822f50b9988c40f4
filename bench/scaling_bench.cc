// What grows with the number of shards, simulated for 10, 100 and 1,000: the merge, flat and as a tree, a budget that
// they share, and a rate that they divide.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "engine/allowance.h"
#include "models/limits.h"
#include "net/io_loop.h"
#include "record/logs/ledger.h"
#include "record/logs/log_row.h"
#include "record/logs/trial_log.h"
#include "record/recorded_trials.h"
#include "record/run_directory.h"
#include "support/disks.h"

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
    AppendLogRow(trial, false, rows);
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
/// groups are then only put one behind the other. `group_ms` is the slowest group, `join_ms` the last step: all bytes
/// once through one node.
void MergeAsTree(benchmark::State& state) {
  const Folder folder;
  const std::int64_t groups = (state.range(0) + kFanIn - 1) / kFanIn;
  const auto shards_of = [&](std::int64_t group) {
    return static_cast<std::uint64_t>(std::min(kFanIn, state.range(0) - group * kFanIn));
  };
  for (std::int64_t group = 0; group < groups; ++group) {
    const fs::path path = folder.path / std::to_string(group);
    fs::create_directory(path);
    for (std::uint64_t shard = 0; shard < shards_of(group); ++shard) WriteShard(path, shard);
  }
  double group_seconds = 0;
  double join_seconds = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    group_seconds = 0;
    for (std::int64_t group = 0; group < groups; ++group) {
      const auto begin = std::chrono::steady_clock::now();
      const fs::path path = folder.path / std::to_string(group);
      MergeShards(path, shards_of(group), path / "trials");
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
    join_seconds = std::chrono::duration<double>(end - last).count();
    state.SetIterationTime(std::chrono::duration<double>(end - start).count());
  }
  state.counters["group_ms"] = group_seconds * 1000;
  state.counters["join_ms"] = join_seconds * 1000;
}

/// One shard of the simulation below: four calls in flight, and what a process has to share a budget.
struct Spender {
  static constexpr int kInFlight = 4;

  Spender(const fs::path& folder, std::uint32_t shard, std::uint32_t shards, const Limits& limits)
      : ledger(*Ledger::Create(disk, folder / fmt::format("{}.spent", shard))),
        reader(std::make_unique<LedgerReader>(folder, fmt::format("{}.spent", shard))),
        allowance(limits, *ledger, *reader, std::to_string(shard), shards),
        calls_a_round(shard % 4 == 0 ? 4 : 2) {}

  /// Starts as many calls as may be in flight; says whether anything is left to do.
  bool Start(SteadyTime now, std::int64_t limit, std::int64_t& made) {
    while (!stopped && in_flight < kInFlight) {
      const std::uint64_t looks = allowance.looks();
      const auto admission = allowance.Ask(now);
      CHECK(admission.has_value(), "cannot use the ledgers");
      if (allowance.looks() > looks) others = reader->Spent()[0];
      stopped = own + others >= limit;
      if (stopped || *admission == Admission::kLater) break;
      ++in_flight;
      ++made;
    }
    return !stopped || in_flight > 0;
  }
  void EndOne() {
    if (in_flight == 0) return;
    const LedgerLine line{.usage = {.calls = 1}};
    CHECK(ledger->Append(line), "cannot write a ledger");
    allowance.Charged(line);
    --in_flight;
    ++own;
  }

  UnsyncedDisk disk;  // a sync's time is the disk's
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<LedgerReader> reader;
  Allowance allowance;
  const int calls_a_round;  ///< one in four is twice as fast
  int in_flight = 0;
  std::int64_t own = 0;     ///< calls that have ended
  std::int64_t others = 0;  ///< at the last look
  bool stopped = false;
};

/// Shards that share a budget of 1,000 calls each, which all want to spend: what sharing costs a call, how often a
/// shard looks at the others' ledgers, and by how many calls the limit is passed; the calls in flight bound that.
void SharedBudget(benchmark::State& state) {
  const auto shards = static_cast<std::uint32_t>(state.range(0));
  Limits limits;
  limits.max_calls = state.range(0) * 1000;
  std::int64_t made = 0;
  std::uint64_t looks = 0;
  for (auto _ : state) {
    const Folder folder;
    std::vector<std::unique_ptr<Spender>> spenders;
    for (std::uint32_t shard = 0; shard < shards; ++shard)
      spenders.push_back(std::make_unique<Spender>(folder.path, shard, shards, limits));
    made = 0;
    bool any = true;
    for (SteadyTime now; any; now += std::chrono::milliseconds(250)) {
      any = false;
      for (const auto& spender : spenders) {
        for (int call = 0; call < spender->calls_a_round; ++call) {
          any |= spender->Start(now, *limits.max_calls, made);
          spender->EndOne();
        }
        CHECK(spender->allowance.Tick(now), "cannot write a ledger");
      }
    }
    looks = 0;
    for (const auto& spender : spenders) looks += spender->allowance.looks();
  }
  state.counters["passed_by"] = static_cast<double>(made - *limits.max_calls);
  state.counters["in_flight"] = static_cast<double>(shards * Spender::kInFlight);
  state.counters["looks_a_shard"] = static_cast<double>(looks) / shards;
  state.counters["s/call"] = benchmark::Counter(
      static_cast<double>(made), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

/// Shards that divide a rate of 60 calls a minute for each of them; every other one is done after 30 calls, the others
/// have 120. The others learn of it ten seconds later. Each has its limiter, all run on one loop whose clock jumps.
void SharedRate(benchmark::State& state) {
  const auto shards = static_cast<std::uint32_t>(state.range(0));
  const double per_minute = 60.0 * shards;
  std::vector<double> starts;
  double seconds = 0;
  for (auto _ : state) {
    const Folder folder;
    HeldClock clock;
    const auto loop = *IoLoop::Create(clock);
    double share = 1.0 / shards;
    std::uint32_t done = 0;
    starts.clear();
    const auto now = [&] { return std::chrono::duration<double>(clock.Now() - SteadyTime{}).count(); };
    std::vector<std::unique_ptr<RateLimiter>> limiters;
    const auto work = [&](std::uint32_t shard) -> Async<bool> {
      for (int call = shard % 2 == 0 ? 30 : 120; call > 0; --call) {
        RateLimiter::Permit permit(*limiters[shard], 0);
        Status turn = co_await permit.Enter(Urgency::kNewDialogue);
        CHECK(turn, "no turn");
        starts.push_back(now());
        permit.Leave({AttemptOutcome::kAnswered, ModelReply()});
      }
      CHECK(MarkDone(RealDisk(), folder.path, shard, shards, true), "cannot say that it is done");
      ++done;
      co_return true;
    };
    std::function<void()> look = [&] {
      LedgerReader fresh(folder.path);
      CHECK(fresh.Refresh(), "cannot read");
      share = 1.0 / (shards - std::min(shards - 1, fresh.Done(shards, "")));
      if (done < shards) loop->CallAt(clock.Now() + std::chrono::seconds(10), look);
    };
    loop->CallAt(clock.Now() + std::chrono::seconds(10), look);
    for (std::uint32_t shard = 0; shard < shards; ++shard)
      limiters.push_back(std::make_unique<RateLimiter>(*loop, LimitSettings{.requests_per_minute = per_minute},
                                                       [&] { return share; }));
    for (std::uint32_t shard = 0; shard < shards; ++shard) loop->Spawn(work(shard), [](bool) {});
    loop->RunSpawned();
    seconds = now();
  }
  // The fullest minute: calls between any start and 60 s later.
  std::ranges::sort(starts);
  std::size_t fullest = 0;
  for (std::size_t first = 0, last = 0; last < starts.size(); ++last) {
    while (starts[last] - starts[first] >= 60) ++first;
    fullest = std::max(fullest, last - first + 1);
  }
  state.counters["fullest_minute"] = static_cast<double>(fullest) / per_minute;
  state.counters["mean_rate"] = static_cast<double>(starts.size()) / seconds * 60 / per_minute;
  state.counters["s/call"] = benchmark::Counter(
      static_cast<double>(starts.size()), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK(MergeFlat)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();
BENCHMARK(MergeAsTree)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond)->Iterations(1)->UseManualTime();
BENCHMARK(SharedBudget)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();
BENCHMARK(SharedRate)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace xsweep

BENCHMARK_MAIN();
