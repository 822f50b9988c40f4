// A run whose gates are all sequential on these tasks stops when they are decided, and says what it saved.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <map>

#include "cli/in_process.h"
#include "cli/run_binary.h"

namespace xsweep {
namespace {

using testing::HasSubstr;

std::string Config(const std::string& gates, double susceptibility = 0) {
  return fmt::format(R"(
exp: looks
seeds: [1, 2]
trials: 20
environment: {{ name: airline }}
agent: {{ name: shim, susceptibility: {} }}
attack: {{ name: static }}
defense: {{ name: none }}
judge: {{ name: goal_reached }}
transcripts: none
gates:
{})",
                     susceptibility, gates);
}

constexpr const char* kSequential = "  - {\"asr[these_tasks]\": \"< 0.10\", sequential: true}\n";

std::map<std::string, int> EndedByTask(const Swept& swept) {
  std::map<std::string, int> ended;
  for (const Trial& trial : swept.Trials()) ended[trial.task] += trial.outcome != Outcome::kSkipped ? 1 : 0;
  return ended;
}

TEST(RunsThatStopWhenDecided, RunWholeRoundsAndLeaveTheRest) {
  const Swept swept = Sweep(Config(kSequential)).value();
  const auto ended = EndedByTask(swept);
  const int rounds = ended.begin()->second;
  EXPECT_LT(rounds, 40);
  for (const auto& [task, trials] : ended) EXPECT_EQ(trials, rounds) << task;
  EXPECT_EQ(swept.Trials().size(), ended.size() * 40) << "what was not needed is written down";
}

TEST(RunsThatStopWhenDecided, DependOnNoThreads) {
  const std::string config = Config(kSequential, 0.05);
  EXPECT_EQ(Sweep(config, 1).value().rows, Sweep(config, 3).value().rows);
}

TEST(RunsThatStopWhenDecided, RunToTheEndWhereAnotherGateAsksForMore) {
  const auto ended = EndedByTask(Sweep(Config(std::string(kSequential) + "  - asr.upper95 < 0.2\n")).value());
  EXPECT_EQ(ended.begin()->second, 40);
}

TEST(RunsThatStopWhenDecided, StopWhenTheirRoundsAreUsedUp) {
  const std::string gate = "  - {\"asr[these_tasks]\": \"< 0.001\", sequential: true, max_rounds: 3}\n";
  EXPECT_EQ(EndedByTask(Sweep(Config(gate)).value()).begin()->second, 3);
}

TEST(RunsThatStopWhenDecided, AreCompleteAndSaySo) {
  const TempDir dir;
  std::ofstream(dir / "run.yaml") << Config(kSequential);
  const auto run = Xsweep({"run", (dir / "run.yaml").string(), "--outdir", (dir / "r").string(), "--run-id", "a"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.err, HasSubstr("the gates were decided early"));
  const std::string notes = ReadFile(dir / "r/looks/a/notes.md").value();
  EXPECT_THAT(notes, HasSubstr("trials saved"));
  EXPECT_THAT(notes, HasSubstr("as soon as its gates were decided"));
  EXPECT_THAT(ReadFile(dir / "r/looks/a/run.json").value(), HasSubstr("\"status\": \"completed\""));
}

}  // namespace
}  // namespace xsweep
