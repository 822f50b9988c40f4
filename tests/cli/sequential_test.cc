// A run whose gates are all sequential on these tasks stops when they are decided, and says what it saved.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <thread>
#include <vector>

#include "cli/in_process.h"
#include "cli/run_binary.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

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

struct LooksRun {
  TempDir dir;
  explicit LooksRun(const std::string& gates, double susceptibility = 0) {
    std::ofstream(dir / "run.yaml") << Config(gates, susceptibility);
  }
  ProcessResult Run(const std::string& id, std::vector<std::string> more = {}) const {
    std::vector<std::string> words{
        "run", (dir / "run.yaml").string(), "--outdir", (dir / "r").string(), "--run-id", id, "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return Xsweep(words);
  }
  fs::path Path(const std::string& id) const { return dir / "r/looks" / id; }
  ProcessResult Merge(const std::string& id) const { return Xsweep({"merge", Path(id).string()}); }
  ProcessResult Report(const std::string& id) const {
    return Xsweep({"report", Path(id).string(), "--outdir", (dir / "r").string()});
  }
};

TEST(ShardsOfASequentialRun, GoToTheEndAndDecideAlikeInAnyOrder) {
  const LooksRun looks(kSequential, 0.05);
  std::string rows, verdict;
  for (const std::vector<std::string>& order : {std::vector<std::string>{"0/3", "1/3", "2/3"}, {"2/3", "0/3", "1/3"}}) {
    const std::string id = rows.empty() ? "a" : "b";
    for (const std::string& shard : order) EXPECT_EQ(looks.Run(id, {"--shard", shard}).exit_code, 0);
    const auto merged = looks.Merge(id);
    const std::string line =
        merged.out.substr(merged.out.find('\n') + 1, merged.out.find(" at ") - merged.out.find('\n'));
    const std::string bytes = ReadFile(looks.Path(id) / "trials.jsonl").value();
    EXPECT_THAT(bytes, Not(HasSubstr("\"skipped\"")));
    if (rows.empty()) {
      rows = bytes;
      verdict = line;
    }
    EXPECT_EQ(bytes, rows);
    EXPECT_EQ(line, verdict);
    EXPECT_EQ(merged.exit_code, 0) << merged.out;
  }
}

TEST(ShardsOfASequentialRun, DecideNothingFromAPartOfTheTasks) {
  const LooksRun looks(kSequential, 0.9);
  EXPECT_EQ(looks.Run("a", {"--shard", "0/2"}).exit_code, 0);
  const auto early = looks.Report("a");
  EXPECT_EQ(early.exit_code, 3) << early.out;
  EXPECT_THAT(early.err, HasSubstr("note: 760 of 1520 planned trials have not run yet"));
  EXPECT_EQ(looks.Run("a", {"--shard", "1/2"}).exit_code, 0);
  EXPECT_EQ(looks.Merge("a").exit_code, 1);
}

TEST(RunsOfOneQuestion, ThatAreStartedTogetherAreLooksInTheOrderInWhichTheyEnd) {
  const LooksRun looks("  - {\"asr.upper95\": \"< 0.075\", sequential: true}\n", 0.06);
  EXPECT_EQ(looks.Run("first", {"--shard", "0/2"}).exit_code, 0) << "begins first and ends last";
  const auto second = looks.Run("second", {"--seeds", "3,4"});
  EXPECT_EQ(second.exit_code, 3) << second.out;
  EXPECT_THAT(second.out + second.err, Not(HasSubstr("look 2")));
  EXPECT_EQ(looks.Run("first", {"--shard", "1/2"}).exit_code, 0);
  const auto first = looks.Merge("first");
  const std::string said = ReadFile(looks.Path("first") / "notes.md").value();
  EXPECT_THAT(said, HasSubstr("look 2 of this question")) << first.out;
  looks.Report("second");
  EXPECT_THAT(ReadFile(looks.Path("second") / "notes.md").value(), Not(HasSubstr("look 2"))) << "it stays the first";
}

TEST(RunsOfOneQuestion, ThatEndAtOnceAreLooksOneAfterTheOther) {
  const LooksRun looks("  - {\"asr.upper95\": \"< 0.075\", sequential: true}\n", 0.06);
  constexpr int kRuns = 5;
  std::vector<std::thread> runs;
  runs.reserve(kRuns);
  for (int i = 0; i < kRuns; ++i) {
    runs.emplace_back([&looks, i] {
      const std::string seed = std::to_string(i + 1);
      looks.Run("r" + seed, {"--seeds", seed});
    });
  }
  for (std::thread& run : runs) run.join();
  std::set<std::string> said;
  for (int i = 1; i <= kRuns; ++i) {
    const std::string notes = ReadFile(looks.Path("r" + std::to_string(i)) / "notes.md").value();
    const std::size_t at = notes.find(" of this question");
    said.insert(at == std::string::npos ? "look 1" : notes.substr(at - 6, 6));
  }
  EXPECT_THAT(said, ::testing::ElementsAre("look 1", "look 2", "look 3", "look 4", "look 5"));
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
