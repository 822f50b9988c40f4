// How fast the native desks are: loading, forking, calling, comparing, hashing. Targets stand beside each figure.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "parts/environments/retail/tools.h"
#include "parts/environments/world/tools.h"
#include "parts/environments/world/world_hash.h"

namespace xsweep {
namespace {

std::string DataDirectory() {
  const char* given = std::getenv("XSWEEP_TAU_DIR");
  return given != nullptr ? given : XSWEEP_SOURCE_DIR "/../shared/tau";
}

struct Call {
  std::string name;
  Json arguments;
};

/// A desk with its data and each task's reference actions.
struct Loaded {
  const Desk* desk = nullptr;
  std::string directory;
  std::shared_ptr<const World> world;
  std::vector<std::vector<Call>> tasks;
  std::size_t calls = 0;
};

/// The list of tasks: tau2's tasks.json, or what was exported from v1's Python.
std::vector<std::vector<Call>> ReadTasks(const std::string& directory, Benchmark benchmark) {
  const bool tau2 = benchmark == Benchmark::kTau2;
  std::ifstream file(directory + (tau2 ? "/tasks.json" : "/tasks_test.json"));
  std::stringstream text;
  text << file.rdbuf();
  const auto parsed = Json::Parse(text.str());
  std::vector<std::vector<Call>> tasks;
  if (!parsed) return tasks;
  for (const Json& task : parsed->items()) {
    const Json* holder = tau2 ? task.Find("evaluation_criteria") : &task;
    const Json* actions = holder == nullptr ? nullptr : holder->Find("actions");
    std::vector<Call>& calls = tasks.emplace_back();
    if (actions == nullptr || !actions->is_array()) continue;
    for (const Json& action : actions->items()) {
      const Json* arguments = action.Find(tau2 ? "arguments" : "kwargs");
      if (arguments != nullptr) calls.push_back({std::string(action.StringOr("name", "")), *arguments});
    }
  }
  return tasks;
}

/// Null where the data directory is absent.
const Loaded* Load(const Desk& desk) {
  static std::map<std::string_view, Loaded> loaded;
  Loaded& entry = loaded[desk.world.desk];
  if (entry.world != nullptr) return &entry;
  entry.desk = &desk;
  entry.directory = DataDirectory() + "/" + std::string(desk.world.desk);
  auto world = World::Load(desk.world, entry.directory);
  if (!world) return nullptr;
  entry.world = *world;
  entry.tasks = ReadTasks(entry.directory, desk.world.benchmark);
  for (const auto& calls : entry.tasks) entry.calls += calls.size();
  return &entry;
}

void Play(const Loaded& loaded, const std::vector<Call>& calls, State& state) {
  for (const Call& call : calls) benchmark::DoNotOptimize(CallTool(*loaded.desk, state, call.name, call.arguments));
}

void LoadWorld(benchmark::State& bench, const Desk& desk) {
  const Loaded* loaded = Load(desk);
  if (loaded == nullptr) return bench.SkipWithError("no benchmark data; set XSWEEP_TAU_DIR");
  for (auto _ : bench) benchmark::DoNotOptimize(World::Load(loaded->desk->world, loaded->directory));
  bench.SetLabel("target: under 10 ms; the reference needs 252 ms (tau2), 59-68 ms (v1)");
}

void ForkWorld(benchmark::State& bench, const Desk& desk) {
  const Loaded* loaded = Load(desk);
  if (loaded == nullptr) return bench.SkipWithError("no benchmark data; set XSWEEP_TAU_DIR");
  for (auto _ : bench) {
    State state(loaded->world);
    benchmark::DoNotOptimize(&state);
  }
  bench.SetLabel("target: under 5 microseconds");
}

void ToolCalls(benchmark::State& bench, const Desk& desk) {
  const Loaded* loaded = Load(desk);
  if (loaded == nullptr) return bench.SkipWithError("no benchmark data; set XSWEEP_TAU_DIR");
  for (auto _ : bench) {
    for (const auto& calls : loaded->tasks) {
      State state(loaded->world);
      Play(*loaded, calls, state);
    }
  }
  bench.SetItemsProcessed(static_cast<std::int64_t>(bench.iterations() * loaded->calls));
  bench.SetLabel("calls/s, target: 300,000; the reference makes 14,000-17,000 (tau2), 34,000 (v1)");
}

enum class Compare : std::uint8_t { kOverlay, kFullHash };

void Episodes(benchmark::State& bench, const Desk& desk, Compare compare) {
  const Loaded* loaded = Load(desk);
  if (loaded == nullptr) return bench.SkipWithError("no benchmark data; set XSWEEP_TAU_DIR");
  std::vector<State> expected;  // each task's, once
  std::vector<std::string> hashes;
  for (const auto& calls : loaded->tasks) {
    Play(*loaded, calls, expected.emplace_back(loaded->world));
    hashes.push_back(StateHash(expected.back()));
  }
  for (auto _ : bench) {
    for (std::size_t task = 0; task < loaded->tasks.size(); ++task) {
      State state(loaded->world);
      Play(*loaded, loaded->tasks[task], state);
      const bool solved =
          compare == Compare::kOverlay ? StrictlyEqual(state, expected[task]) : StateHash(state) == hashes[task];
      if (!solved) return bench.SkipWithError("the reference actions do not solve their own task");
    }
  }
  bench.SetItemsProcessed(static_cast<std::int64_t>(bench.iterations() * loaded->tasks.size()));
  bench.SetLabel(compare == Compare::kOverlay ? "episodes/s, target: 20,000; the reference makes 0.6 (tau2)"
                                              : "episodes/s with the full hash, target: 400");
}

#define XSWEEP_DESK_BENCHMARKS(desk)                                                                      \
  BENCHMARK_CAPTURE(LoadWorld, desk, k##desk)->Unit(benchmark::kMillisecond);                             \
  BENCHMARK_CAPTURE(ForkWorld, desk, k##desk);                                                            \
  BENCHMARK_CAPTURE(ToolCalls, desk, k##desk)->Unit(benchmark::kMicrosecond);                             \
  BENCHMARK_CAPTURE(Episodes, desk##_overlay, k##desk, Compare::kOverlay)->Unit(benchmark::kMicrosecond); \
  BENCHMARK_CAPTURE(Episodes, desk##_full_hash, k##desk, Compare::kFullHash)->Unit(benchmark::kMillisecond)

XSWEEP_DESK_BENCHMARKS(Tau2Airline);
XSWEEP_DESK_BENCHMARKS(Tau1Airline);
XSWEEP_DESK_BENCHMARKS(Tau2Retail);
XSWEEP_DESK_BENCHMARKS(Tau1Retail);

}  // namespace
}  // namespace xsweep

BENCHMARK_MAIN();
