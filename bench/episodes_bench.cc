// How fast whole SHIM episodes are: fork, dialogue, judge and task reward on the bundled airline desk, no rows.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "episode/run_episode.h"
#include "parts/catalog.h"

namespace xsweep {
namespace {

// One episode after the other over all tasks; the design wants 50,000/s with rows on two cores.
void RunEpisodes(benchmark::State& state, const std::string& attack_name, const std::string& defense_name) {
  const Catalog catalog = BuildCatalog();
  const auto source = catalog.OpenEnvironment("airline", {}).value();
  const auto agent = catalog.PrepareAgent("shim", {}).value();
  const auto attack = catalog.PrepareAttack(attack_name, {}).value();
  const auto defense = catalog.PrepareDefense(defense_name, {}).value();
  const auto judge = catalog.PrepareJudge("out_of_policy_refund", {}).value();
  std::uint32_t trial = 0;
  std::size_t calls = 0;
  for (auto _ : state) {
    const std::size_t place = trial % source->tasks().size();
    const Task& task = source->tasks()[place];
    const auto desk = RunNow(source->Fork(place, {})).value();
    const Draws draws(41, task.id, trial++);
    const Goal goal = attack.none ? Goal() : desk->MakeGoal(attack.goal, draws).value();
    const TrialContext context{
        .task = task, .goal = goal, .environment = *desk, .draws = draws, .models = {}, .identity = {}};
    const auto a = agent(context);
    const auto x = attack.make(context);
    const auto d = defense(context);
    const auto j = judge(context);
    const EpisodeResult result = RunNow(
        RunEpisode({.environment = *desk, .agent = *a, .attack = *x, .defense = *d, .judge = *j, .goal = goal}, {}));
    calls += result.transcript.calls.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["calls"] = static_cast<double>(calls) / static_cast<double>(state.iterations());
}

BENCHMARK_CAPTURE(RunEpisodes, benign, "none", "none");
BENCHMARK_CAPTURE(RunEpisodes, escalating, "escalating_dialogue", "none");
BENCHMARK_CAPTURE(RunEpisodes, escalating_limited, "escalating_dialogue", "refund_limit");
BENCHMARK_CAPTURE(RunEpisodes, record_injection, "record_injection", "none");

}  // namespace
}  // namespace xsweep

BENCHMARK_MAIN();
