// `xsweep import` and `xsweep export`: benchmarks exported by a Python of the user's, results as runs and back.
// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <sstream>

#include "base/files.h"
#include "base/json.h"
#include "cli/program.h"

#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

void WriteText(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  ASSERT_TRUE(WriteAtomically(RealDisk(), path, text));
}

/// A checkout with one task and one tool, in the shape of tau-bench v1.
class FakeTauBench : public testing::Test {
 protected:
  void SetUp() override {
    WriteText(checkout_ / "tau_bench/__init__.py", "");
    WriteText(checkout_ / "tau_bench/envs/__init__.py", "");
    WriteText(desk_ / "__init__.py", "");
    WriteText(desk_ / "tasks_test.py",
              "class Action:\n"
              "    def __init__(self, name, kwargs): self.name, self.kwargs = name, kwargs\n"
              "class Task:\n"
              "    def __init__(self, **fields): self.__dict__.update(fields)\n"
              "TASKS_TEST = [Task(annotator='0', user_id='ann_lee_1', instruction='Ask for 2 + 2.',\n"
              "    actions=[Action('calculate', {'expression': '2 + 2'})], outputs=['4'])]\n");
    WriteText(desk_ / "tools/__init__.py",
              "class Calculate:\n"
              "    @staticmethod\n"
              "    def get_info(): return {'type': 'function', 'function': {'name': 'calculate',\n"
              "        'description': 'Calculates.', 'parameters': {'type': 'object', 'properties': {}}}}\n"
              "ALL_TOOLS = [Calculate]\n");
    for (const char* table : {"flights", "reservations"})
      WriteText(desk_ / "data" / (std::string(table) + ".json"), "{}");
    WriteText(desk_ / "data/users.json", R"({"ann_lee_1": {"name": {"first_name": "Ann", "last_name": "Lee"}}})");
    WriteText(desk_ / "wiki.md", "Be kind.\n");
  }

  const TempDir scratch_;
  const fs::path checkout_ = scratch_ / "tau-bench";
  const fs::path desk_ = checkout_ / "tau_bench/envs/airline";
  const fs::path out_ = scratch_ / "export";
};

TEST_F(FakeTauBench, IsExportedOnceAndThenUsedWithoutPython) {
  const auto imported = RunXsweep({"import", "tau-bench", checkout_.string(), "--out", out_.string()});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_NE(imported.out.find("tau1/airline: 1 tasks, 1 tools"), std::string::npos) << imported.out;
  const Json tasks = *Json::Parse(*ReadFile(out_ / "tau1/airline/tasks_test.json"));
  EXPECT_EQ(tasks.items()[0].Find("actions")->items()[0].StringOr("name", ""), "calculate");
  fs::remove_all(checkout_);
  const auto called =
      RunXsweep({"env", "call", "tau1/airline", "calculate", R"({"expression": "2 + 2"})", "--data", out_.string()});
  EXPECT_EQ(called.out, "4.0\n") << called.err;
}

TEST_F(FakeTauBench, LeavesNothingBehindWhenAPackageIsMissing) {
  WriteText(desk_ / "tools/__init__.py", "import a_package_that_is_not_there\n");
  const auto imported = RunXsweep({"import", "tau-bench", checkout_.string(), "--out", out_.string()});
  EXPECT_EQ(imported.exit_code, 2);
  EXPECT_NE(imported.err.find("a_package_that_is_not_there"), std::string::npos) << imported.err;
  EXPECT_NE(imported.err.find("--python"), std::string::npos) << imported.err;
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(FakeTauBench, NamesAPythonThatIsNotInstalled) {
  const auto imported =
      RunXsweep({"import", "tau-bench", checkout_.string(), "--out", out_.string(), "--python", "no-such-python"});
  EXPECT_EQ(imported.exit_code, 2);
  EXPECT_NE(imported.err.find("no-such-python: is not installed"), std::string::npos) << imported.err;
}

TEST_F(FakeTauBench, RefusesADirectoryThatIsNoCheckout) {
  const auto imported = RunXsweep({"import", "tau2", checkout_.string(), "--out", out_.string()});
  EXPECT_EQ(imported.exit_code, 2);
  EXPECT_NE(imported.err.find("github.com/sierra-research/tau2-bench"), std::string::npos) << imported.err;
}

TEST(FakeTau2, IsExportedWithTheToolSchemasOfItsPython) {
  const TempDir scratch;
  const fs::path package = scratch / "tau2-bench/src/tau2";
  const fs::path data = scratch / "tau2-bench/data/tau2/domains/airline";
  for (const char* folder : {"", "domains", "domains/airline"}) WriteText(package / folder / "__init__.py", "");
  WriteText(package / "domains/airline/environment.py",
            "class Tool:\n"
            "    openai_schema = {'type': 'function', 'function': {'name': 'calculate', 'description': '',\n"
            "                     'parameters': {'type': 'object', 'properties': {}}}}\n"
            "class Environment:\n"
            "    def get_tools(self): return [Tool()]\n"
            "def get_environment(): return Environment()\n");
  WriteText(data / "db.json", R"({"flights": {}, "reservations": {}, "users": {}})");
  WriteText(data / "tasks.json", R"([{"id": "0", "evaluation_criteria": {"actions": []}}])");
  WriteText(data / "policy.md", "Be kind.\n");
  const auto out = scratch / "export";
  const auto imported = RunXsweep({"import", "tau2", (scratch / "tau2-bench").string(), "--out", out.string()});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  const auto called =
      RunXsweep({"env", "call", "tau2/airline", "calculate", R"({"expression": "1"})", "--data", out.string()});
  EXPECT_EQ(called.out, "1.0\n") << called.err;
}

/// Two episodes of the bundled desk in v1's form: one solved, one that its harness lost. Trials 3 and 7 of one task.
constexpr std::string_view kResults = R"([
 {"task_id": "@TASK@", "reward": 1.0, "trial": 3, "info": {"user_cost": 0.5}, "traj": [
   {"role": "system", "content": "policy"}, {"role": "user", "content": "Hello"},
   {"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function",
     "function": {"name": "calculate", "arguments": "{\"expression\": \"2 + 2\"}"}}]},
   {"role": "tool", "tool_call_id": "a", "name": "calculate", "content": "4.0"},
   {"role": "assistant", "content": "It is 4."}, {"role": "user", "content": "###STOP###"}]},
 {"task_id": "@TASK@", "reward": 0.0, "trial": 7, "info": {"error": "rate limit"}, "traj": []}])";

class ImportedResults : public testing::Test {
 protected:
  void SetUp() override {
    const Json tasks = *Json::Parse(*ReadFile(XSWEEP_SOURCE_DIR "/data/airline/tasks.json"));
    std::string text(kResults);
    const std::string task(tasks.items()[0].StringOr("id", ""));
    for (auto at = text.find("@TASK@"); at != std::string::npos; at = text.find("@TASK@")) text.replace(at, 6, task);
    WriteText(scratch_ / "results.json", text);
  }
  ProcessResult Import(const fs::path& file, const std::string& exp) const {
    return RunXsweep({"import", "results", file.string(), "--environment", "airline", "--exp", exp, "--outdir",
                      (scratch_ / "runs").string()});
  }
  std::vector<Json> Rows(const std::string& exp) const {
    std::vector<Json> rows;
    std::istringstream lines(*ReadFile(scratch_ / "runs" / exp / "latest/trials.jsonl"));
    for (std::string line; std::getline(lines, line);) rows.push_back(*Json::Parse(line));
    return rows;
  }
  const TempDir scratch_;
};

TEST_F(ImportedResults, BecomeARunWhoseErrorsAreNoOutcomes) {
  const auto imported = Import(scratch_ / "results.json", "theirs");
  EXPECT_NE(imported.out.find("1 of 1 recorded observations are the same"), std::string::npos)
      << imported.out << imported.err;
  const auto rows = Rows("theirs");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].StringOr("outcome", ""), "benign");
  EXPECT_TRUE(rows[0].BoolOr("task_success", false));
  EXPECT_EQ(rows[0].StringOr("stop", ""), "user_stop");
  EXPECT_EQ(rows[1].StringOr("outcome", ""), "error");
  EXPECT_EQ(rows[1].Find("error")->StringOr("message", ""), "rate limit");
}

TEST_F(ImportedResults, SurviveExportAndImportInBothFormats) {
  Import(scratch_ / "results.json", "theirs");
  for (const std::string format : {"tau1", "tau2"}) {
    const auto exported =
        RunXsweep({"export", "results", "theirs/latest", "--format", format, "--outdir", (scratch_ / "runs").string()});
    ASSERT_EQ(exported.exit_code, 0) << exported.err;
    WriteText(scratch_ / (format + ".json"), exported.out);
    Import(scratch_ / (format + ".json"), format);
    const auto rows = Rows(format);
    ASSERT_EQ(rows.size(), 2U) << format;
    EXPECT_TRUE(rows[0].BoolOr("task_success", false)) << format;
    EXPECT_EQ(rows[0].IntOr("tool_calls", 0), 1) << format;
    EXPECT_EQ(rows[1].StringOr("outcome", ""), "error") << format;
  }
}

/// A run of our own: two seeds, two trials, and in `cells` of them two thresholds.
class ExportedRun : public testing::Test {
 protected:
  void Run(const std::string& grid) const {
    WriteText(
        scratch_ / "run.yaml",
        "exp: ours\nmode: SHIM\nseeds: [41, 42]\ntrials: 2\nenvironment: { name: airline, tasks: [\"0\", \"1\"] }\n"
        "agent: { name: shim }\nattack: { name: none }\ndefense: { name: none }\n"
        "judge: { name: out_of_policy_refund, threshold: 200 }\n" +
            grid + "transcripts: all\n");
    const auto ran = RunXsweep({"run", (scratch_ / "run.yaml").string(), "--outdir", (scratch_ / "runs").string()});
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
  }
  ProcessResult Export(std::vector<std::string> more) const {
    std::vector<std::string> words = {"export", "results", "ours/latest", "--outdir", (scratch_ / "runs").string()};
    words.insert(words.end(), more.begin(), more.end());
    return RunXsweep(words);
  }
  const TempDir scratch_;
};

TEST_F(ExportedRun, NumbersTheTrialsOfAllSeedsAndHasWhatTau2Requires) {
  Run("");
  const Json file = *Json::Parse(Export({"--format", "tau2"}).out);
  std::set<std::pair<std::string, std::int64_t>> seen;
  for (const Json& simulation : file.Find("simulations")->items()) {
    seen.emplace(simulation.StringOr("task_id", ""), simulation.IntOr("trial", -1));
    for (const char* key : {"id", "timestamp", "start_time", "end_time", "duration", "termination_reason"})
      EXPECT_NE(simulation.Find(key), nullptr) << key;
  }
  EXPECT_EQ(seen.size(), 8U);
  for (const char* key : {"git_commit", "max_steps", "max_errors", "user_info", "agent_info", "environment_info"})
    EXPECT_NE(file.Find("info")->Find(key), nullptr) << key;
  for (const Json& task : file.Find("tasks")->items()) EXPECT_NE(task.Find("user_scenario"), nullptr);
}

TEST_F(ExportedRun, AsksWhichOfSeveralCellsIsMeant) {
  Run("grid: { judge.threshold: [100, 200] }\n");
  const auto refused = Export({"--format", "tau1"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("--cell: this run has 2 cells"), std::string::npos) << refused.err;
  const auto unknown = Export({"--format", "tau1", "--cell", "nosuch"});
  EXPECT_EQ(unknown.exit_code, 2);
}

TEST_F(ImportedResults, RefuseAFileThatHoldsNone) {
  WriteText(scratch_ / "other.json", "{\"rows\": []}");
  const auto imported = Import(scratch_ / "other.json", "other");
  EXPECT_EQ(imported.exit_code, 2);
  EXPECT_FALSE(fs::exists(scratch_ / "runs/other"));
}

TEST(ImportedFacts, AreNotReplayedAndSaySo) {
  const TempDir scratch;
  WriteText(scratch / "facts.csv", "task,utility\nt0,1\n");
  const auto imported = RunXsweep({"import", "results", (scratch / "facts.csv").string(), "--environment", "airline",
                                   "--outdir", (scratch / "runs").string()});
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_NE(imported.err.find("read as facts, whose episodes are taken as recorded: nothing is replayed in airline"),
            std::string::npos)
      << imported.err;
}

TEST(ImportedFacts, WithPartialRewardsSaySoAndMakeNoRateOfTheRest) {
  const TempDir scratch;
  WriteText(scratch / "facts.csv", "task,reward\nt0,0.5\nt1,1\n");
  const std::vector<std::string> words = {"import", "results", (scratch / "facts.csv").string(), "--outdir",
                                          (scratch / "runs").string()};
  const auto imported = RunXsweep(words);
  EXPECT_NE((imported.out + imported.err).find("1 of 2 recorded rewards are partial, neither 0 nor 1 (0.5 to 0.5)"),
            std::string::npos)
      << imported.out << imported.err;
  EXPECT_EQ(imported.out.find("100.0 %"), std::string::npos) << imported.out;
  std::vector<std::string> graded = words;
  graded.insert(graded.end(), {"--success-at", "0.5"});
  EXPECT_NE(RunXsweep(graded).out.find("100.0 % (2 of 2"), std::string::npos);
}

TEST(ImportedFacts, AreValidInTheOrderOfTheirFile) {
  const TempDir scratch;
  const std::string runs = (scratch / "runs").string();
  for (const char* model : {"m", "n"}) {
    std::string text = "model,task,trial,utility\n";  // as many as a grid has, trial by trial instead of task by task
    for (const char* row : {"t0,0,1", "t1,0,0", "t0,1,1", "t1,1,1"}) text += std::string(model) + "," + row + "\n";
    WriteText(scratch / (std::string(model) + ".csv"), text);
    const auto imported = RunXsweep(
        {"import", "results", (scratch / (std::string(model) + ".csv")).string(), "--exp", model, "--outdir", runs});
    EXPECT_EQ(imported.exit_code, 0) << imported.out << imported.err;
  }
  const auto joined = RunXsweep({"import", "join", "m/latest", "n/latest", "--exp", "both", "--outdir", runs});
  EXPECT_EQ(joined.exit_code, 0) << joined.out << joined.err;
  for (const char* run : {"m/latest", "both/latest"}) {
    const auto report = RunXsweep({"report", run, "--outdir", runs});
    EXPECT_EQ(report.exit_code, 0) << report.out << report.err;
  }
}

TEST(ImportedFacts, WhoseRowsWereTamperedWithAreInvalidAndNotJoined) {
  const TempDir scratch;
  const std::string runs = (scratch / "runs").string();
  for (const char* model : {"m", "n"}) {
    WriteText(scratch / "f.csv",
              std::string("model,task,attack,success\n") + model + ",t0,a,1\n" + model + ",t1,a,0\n");
    ASSERT_EQ(
        RunXsweep({"import", "results", (scratch / "f.csv").string(), "--exp", model, "--outdir", runs}).exit_code, 0);
  }
  const fs::path rows = fs::canonical(scratch / "runs/m/latest") / "trials.jsonl";
  const std::string whole = *ReadFile(rows);
  for (const char* outcome : {"skipped", "benign"}) {
    std::string changed = whole;
    changed.replace(changed.find("attack_succeeded"), 16, outcome);
    WriteText(rows, changed);
    EXPECT_EQ(RunXsweep({"report", "m/latest", "--outdir", runs}).exit_code, 4) << outcome;
  }
  WriteText(rows, whole.substr(whole.find('\n') + 1));
  const auto joined = RunXsweep({"import", "join", "m/latest", "n/latest", "--exp", "both", "--outdir", runs});
  EXPECT_EQ(joined.exit_code, 4) << joined.out;
  EXPECT_NE(joined.err.find("is damaged: 1 of the 2 trials"), std::string::npos) << joined.err;
  EXPECT_FALSE(fs::exists(scratch / "runs/both"));
}

TEST(PublishedResults, AreReproducedAndScoredAsTheyWere) {
  NEEDS_TAU_DATA();
  const TempDir scratch;
  const auto imported = RunXsweep(
      {"import", "results", (TauDirectory() / "tau1/airline/history/gpt-4o-airline.json").string(), "--environment",
       "tau1/airline", "--data", TauDirectory().string(), "--outdir", scratch.path().string()});
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_NE(imported.out.find("imported: 200 episodes of 50 tasks, 4 trials each, 0 errors; mean reward 0.420"),
            std::string::npos)
      << imported.out;
  EXPECT_NE(imported.out.find("1,044 of 1,164 recorded observations"), std::string::npos) << imported.out;
  EXPECT_NE(imported.out.find("120  get_user_details: only the recording has address.province"), std::string::npos)
      << imported.out;
  EXPECT_NE(imported.out.find("re-scored: 200 of 200"), std::string::npos) << imported.out;
}

TEST(KnownData, IsNamedByItsVersion) {
  NEEDS_TAU_DATA();
  for (const auto& [desk, version] :
       {std::pair("tau2/airline", "tau2-bench 1.0.1 (a2c0247)"), std::pair("tau1/retail", "tau-bench v1 (59a200c)")}) {
    const auto checked = RunXsweep({"selfcheck", "--environment", desk, "--data", TauDirectory().string()});
    EXPECT_EQ(checked.exit_code, 0) << checked.out;
    EXPECT_NE(checked.out.find(std::string(desk) + ": " + version), std::string::npos) << checked.out;
  }
}

}  // namespace
}  // namespace xsweep
