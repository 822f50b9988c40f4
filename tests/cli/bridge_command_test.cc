// The bridge from the command line: a run over a worker, and `xsweep parity`.
// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include "base/files.h"
#include "base/json.h"
#include "cli/program.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

constexpr const char* kWorker =
    "python3 " XSWEEP_SOURCE_DIR "/tests/support/native_worker.py " XSWEEP_BINARY_DIR "/xsweep";

TEST(Parity, HoldsBetweenTheBundledDeskAndItself) {
  const auto compared = RunXsweep({"parity", "--environment", "airline", "--worker", kWorker, "--calls", "200"});
  EXPECT_EQ(compared.exit_code, 0) << compared.out << compared.err;
  EXPECT_NE(compared.out.find("calls agree in content and state"), std::string::npos) << compared.out;
}

TEST(Parity, PrintsTheFirstByteThatDiffers) {
  const auto compared = RunXsweep({"parity", "--environment", "airline", "--worker", std::string(kWorker) + " 5"});
  EXPECT_EQ(compared.exit_code, 1) << compared.err;
  EXPECT_NE(compared.out.find("content, byte "), std::string::npos) << compared.out;
  EXPECT_NE(compared.out.find("?"), std::string::npos) << compared.out;
}

/// tau-bench v1 in miniature: one tool that writes, one table, one task.
void WriteFakeTauBench(const std::filesystem::path& root) {
  const auto desk = root / "tau_bench/envs/shop";
  std::filesystem::create_directories(desk / "tools");
  std::filesystem::create_directories(desk / "data");
  std::ofstream(desk / "tasks_test.py") << "TASKS_TEST = [{'user_id': 'u', 'instruction': 'Add 2.', 'outputs': [],\n"
                                           "    'actions': [{'name': 'add', 'kwargs': {'amount': 2}}]}]\n";
  std::ofstream(desk / "tools/__init__.py")
      << "class Add:\n"
         "    @staticmethod\n"
         "    def invoke(data, amount):\n"
         "        data['count'] += amount\n"
         "        return str(data['count'])\n"
         "    @staticmethod\n"
         "    def get_info(): return {'type': 'function', 'function': {'name': 'add', 'parameters': {}}}\n"
         "ALL_TOOLS = [Add]\n";
  std::ofstream(desk / "data/__init__.py") << "def load_data(): return {'count': 0}\n";
  std::ofstream(desk / "wiki.py") << "WIKI = 'Be kind.'\n";
}

ProcessResult CallThroughAdapter(const TempDir& scratch, const std::string& arguments) {
  const Json command = Json::MakeArray({"env", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=" + scratch.path().string(),
                                        "python3", XSWEEP_SOURCE_DIR "/tools/xsweep_bridge.py", "tau_bench", "shop"});
  return RunXsweep({"env", "call", "python", "add", arguments, "--option", "command=" + command.Dump()});
}

TEST(BridgeAdapter, ServesATauBenchDomainOfTheUsersPython) {
  const TempDir scratch;
  WriteFakeTauBench(scratch.path());
  const auto called = CallThroughAdapter(scratch, R"({"amount": 2})");
  EXPECT_EQ(called.out, "2\n") << called.err;
  const auto refused = CallThroughAdapter(scratch, R"({"wrong": 2})");
  EXPECT_EQ(refused.exit_code, 1) << refused.err;
  EXPECT_TRUE(refused.out.starts_with("Error: ")) << refused.out;
}

TEST(BridgeAdapter, SaysThatTheBenchmarkIsNotInstalled) {
  const TempDir scratch;
  const auto called = CallThroughAdapter(scratch, "{}");
  EXPECT_EQ(called.exit_code, 2);
  EXPECT_NE(called.err.find("cannot import tau_bench"), std::string::npos) << called.err;
}

/// A sweep of two trials over the counting worker of tests/support, as it behaves in `mode`.
Json RunOver(const TempDir& scratch, const std::string& mode) {
  std::ofstream(scratch / "run.yaml")
      << "exp: bridged\nseeds: [1]\ntrials: 2\nenvironment: { name: python, timeout: 5, command: [python3, \""
      << XSWEEP_SOURCE_DIR "/tests/support/bridge_worker.py\", " << mode << "] }\n"
      << "agent: { name: shim, competence: 1 }\nattack: { name: none }\ndefense: { name: none }\n"
      << "judge: { name: goal_reached }\n";
  const auto run =
      RunXsweep({"run", (scratch / "run.yaml").string(), "--outdir", (scratch / "runs").string(), "--quiet"});
  EXPECT_GE(run.exit_code, 0) << run.err;
  const auto text = ReadFile(scratch / "runs/bridged/latest/run.json");
  EXPECT_TRUE(text) << run.out << run.err;
  return text ? *Json::Parse(*text) : Json();
}

TEST(BridgedRun, NamesThePythonThatAnswered) {
  const TempDir scratch;
  const Json manifest = RunOver(scratch, "well");
  ASSERT_NE(manifest.Find("host"), nullptr);
  EXPECT_TRUE(manifest.Find("host")->StringOr("python", "").starts_with("Python 3")) << manifest.Dump();
  EXPECT_EQ(manifest.Find("counts")->IntOr("benign", 0), 2) << manifest.Dump();
}

TEST(BridgedRun, CountsADyingWorkerAsErrorsAndEnds) {
  const TempDir scratch;
  const Json manifest = RunOver(scratch, "die");
  ASSERT_NE(manifest.Find("counts"), nullptr);
  EXPECT_EQ(manifest.Find("counts")->IntOr("error", 0), 2) << manifest.Dump();
}

}  // namespace
}  // namespace xsweep
