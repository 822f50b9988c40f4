// REAL runs end to end: the binary, the network, the files, the exit code.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "cli/real_run.h"

namespace xsweep::testing {
namespace {

constexpr std::size_t kPlanned = 48;  // two cells, eight tasks, three trials

TEST_F(RealSweep, CompletesWithTokensAndCostInItsFiles) {
  ModelServer server(Weak);
  const Ended ended = Xsweep(RunAs("a", Config(RealConfig(server.Url()))));
  ASSERT_EQ(ended.code, 0) << ended.output;
  for (const char* file : {"config.yaml", "trials.jsonl", "summary.csv", "summary.png", "notes.md", "report.md",
                           "transcripts.jsonl.zst", "exchanges/0.exchanges.zst"}) {
    EXPECT_TRUE(std::filesystem::exists(Run("a") / file)) << file;
  }
  const auto rows = Rows("a");
  ASSERT_EQ(rows.size(), kPlanned);
  EXPECT_GT(Count(rows, "attack_succeeded"), 0U);
  EXPECT_GT(Count(rows, "attack_resisted"), 0U);
  EXPECT_EQ(Count(rows, "benign"), 24U);
  const Json manifest = Manifest("a");
  EXPECT_EQ(manifest.StringOr("status", ""), "completed");
  const Json& used = *manifest.Find("budget")->Find("used");
  const std::int64_t calls = server.requests();
  EXPECT_EQ(used.IntOr("calls", 0), calls);
  EXPECT_EQ(used.IntOr("prompt_tokens", 0), 10 * calls);
  EXPECT_EQ(used.IntOr("completion_tokens", 0), 5 * calls);
  EXPECT_NEAR(used.DoubleOr("cost_usd", 0), static_cast<double>(calls) * 20e-6, 1e-9);
  EXPECT_NE(Read("a", "summary.csv").find("prompt_tokens,completion_tokens,cost_usd"), std::string::npos);
}

TEST_F(RealSweep, CountsWithThePricesOfAFileAndSaysWhichTheyWere) {
  ModelServer server(Weak);
  std::string text = RealConfig(server.Url());
  const std::string own = "price: { input: 1, output: 2 }, ";
  text.replace(text.find(own), own.size(), "");
  const std::string config = Config(text);
  ASSERT_EQ(Xsweep(RunAs("unknown", config)).code, 0);
  EXPECT_TRUE(Manifest("unknown").Find("budget")->Find("used")->Find("cost_usd")->is_null());
  EXPECT_TRUE(Rows("unknown")[0].Find("usage")->Find("agent")->Find("cost_usd")->is_null());
  const auto prices = scratch() / "prices.yaml";
  std::ofstream(prices) << "ti*: { input: 10, output: 20 }\n";
  const std::int64_t before = server.requests();
  const Ended ended = Xsweep(RunAs("known", config, {"--prices", prices.string()}));
  ASSERT_EQ(ended.code, 0) << ended.output;
  const double calls = static_cast<double>(server.requests() - before);
  EXPECT_NEAR(Manifest("known").Find("budget")->Find("used")->DoubleOr("cost_usd", 0), calls * 200e-6, 1e-9);
  const Json model = Manifest("known").Find("models")->items().at(0);
  EXPECT_EQ(model.StringOr("model", ""), "tiny");
  EXPECT_EQ(model.Find("price")->Dump(), R"({"input":10,"output":20})");
  EXPECT_NE(Read("known", "notes.md").find("- Model of the agent: `tiny` of `openai` at "), std::string::npos);
  EXPECT_NE(Read("known", "notes.md").find("10 US dollars per million prompt tokens"), std::string::npos);
  EXPECT_NE(Read("unknown", "notes.md").find("its price is not known"), std::string::npos);
  EXPECT_NE(Read("known", "config.yaml").find("prices:"), std::string::npos);
}

/// Refuses about three of ten attacked trials, always the same ones.
bool Refused(int amount) { return amount > 0 && amount % 10 < 3; }

ServerReply WeakAndFailing(const SeenRequest& request) {
  if (Refused(AmountAskedFor(request.body))) return {.status = 400, .body = ErrorBody("this one always fails")};
  return Weak(request);
}

TEST_F(RealSweep, FailuresLeaveTheAttackSuccessRateOfTheOthersAlone) {
  ModelServer sound(Weak);
  ASSERT_EQ(Xsweep(RunAs("sound", Config(RealConfig(sound.Url())))).code, 0);
  ModelServer failing(WeakAndFailing);
  const Ended ended = Xsweep(RunAs("failing", Config(RealConfig(failing.Url()))));
  ASSERT_EQ(ended.code, 0) << ended.output;
  const auto all = Rows("sound");
  const auto some = Rows("failing");
  ASSERT_EQ(all.size(), some.size());
  std::int64_t attacked = 0;
  std::int64_t succeeded = 0;
  std::size_t errors = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (some[i].StringOr("outcome", "") == "error") {
      ++errors;
      EXPECT_NE(some[i].Dump().find("this one always fails"), std::string::npos);
      continue;
    }
    EXPECT_EQ(all[i].Dump(), some[i].Dump());
    if (all[i].StringOr("outcome", "") == "benign") continue;
    ++attacked;
    if (all[i].StringOr("outcome", "") == "attack_succeeded") ++succeeded;
  }
  EXPECT_GT(errors, 0U);
  const Json manifest = Manifest("failing");
  EXPECT_EQ(manifest.Find("counts")->IntOr("error", -1), static_cast<std::int64_t>(errors));
  // The headline speaks of one cell, so of no more than all of them.
  EXPECT_GT(manifest.Find("headline")->IntOr("n", -1), 0);
  EXPECT_LE(manifest.Find("headline")->IntOr("n", -1), attacked);
  EXPECT_LE(manifest.Find("headline")->IntOr("successes", -1), succeeded);
}

TEST_F(RealSweep, TooManyFailuresMakeTheVerdictInvalid) {
  ModelServer server(WeakAndFailing);
  const std::string config = Config(RealConfig(server.Url(), "limits: { max_error_rate: 0.02 }"));
  EXPECT_EQ(Xsweep(RunAs("a", config)).code, 4);
  EXPECT_EQ(Manifest("a").StringOr("verdict", ""), "INVALID");
}

TEST_F(RealSweep, BudgetStopsItWithinTheCallsInFlight) {
  ModelServer server(Weak);
  const std::string config = Config(RealConfig(server.Url(), "limits: { max_calls: 20 }"));
  const Ended ended = Xsweep(RunAs("a", config, {"--jobs", "4"}));
  EXPECT_EQ(ended.code, 5) << ended.output;
  const Json manifest = Manifest("a");
  EXPECT_EQ(manifest.StringOr("status", ""), "budget");
  EXPECT_EQ(manifest.Find("budget")->StringOr("stopped_by", ""), "max_calls");
  EXPECT_GE(server.requests(), 20);
  EXPECT_LE(server.requests(), 20 + 3);  // four conversations: three more may be under way
  const auto rows = Rows("a");
  EXPECT_EQ(rows.size(), kPlanned);
  EXPECT_GT(Count(rows, "skipped"), kPlanned / 2);
  EXPECT_EQ(Count(rows, "error"), 0U);
  EXPECT_NE(Read("a", "notes.md").find("max_calls"), std::string::npos);
}

TEST_F(RealSweep, IsRefusedABoundOnACostThatNobodyKnows) {
  ModelServer server(Weak);
  std::string text = RealConfig(server.Url(), "limits: { max_cost_usd: 1 }");
  const std::size_t at = text.find("price:");
  text.replace(at, text.find('}', at) + 2 - at, "");
  const Ended ended = Xsweep(RunAs("a", Config(text)));
  EXPECT_EQ(ended.code, 2) << ended.output;
  EXPECT_NE(ended.output.find("limits.max_cost_usd: cannot be kept: the price of `tiny` (models.agent) is not known"),
            std::string::npos)
      << ended.output;
  EXPECT_EQ(server.requests(), 0);
  EXPECT_EQ(Xsweep(RunAs("b", Config(text), {"--set", "models.agent.price={input: 1, output: 2}"})).code, 0);
}

TEST_F(RealSweep, SaysThatTokensWereNotCountedWhereNobodyTold) {
  ModelServer server([](const SeenRequest&) {
    return ServerReply{.body = R"({"choices":[{"message":{"role":"assistant","content":"I can not do that."}}]})"};
  });
  EXPECT_EQ(Xsweep(RunAs("a", Config(RealConfig(server.Url())))).code, 0);
  const std::string words = "No model server has said how many tokens its answers took";
  EXPECT_NE(Read("a", "notes.md").find(words), std::string::npos);
  ModelServer telling(Weak);
  EXPECT_EQ(Xsweep(RunAs("b", Config(RealConfig(telling.Url())))).code, 0);
  EXPECT_EQ(Read("b", "notes.md").find(words), std::string::npos);
}

TEST_F(RealSweep, SpendsABudgetOnTrialsThatItCanFinish) {
  ModelServer server(Weak);  // three or four calls a trial
  const Ended ended = Xsweep(RunAs("a", Config(RealConfig(server.Url(), "limits: { max_calls: 30 }"))));
  EXPECT_EQ(ended.code, 5) << ended.output;
  const auto rows = Rows("a");
  EXPECT_GE(rows.size() - Count(rows, "skipped"), 5U);
}

TEST_F(RealSweep, SaysAtTheTerminalWhatWentWrong) {
  ModelServer server([](const SeenRequest&) { return ServerReply{.status = 401, .body = ErrorBody("no such key")}; });
  const Ended ended = Xsweep(RunAs("a", Config(RealConfig(server.Url(), ""))));
  EXPECT_EQ(ended.code, 4) << ended.output;
  EXPECT_NE(ended.output.find("48 of 48 trials ended in an error such as: "), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("answered 401 (error): no such key"), std::string::npos) << ended.output;
}

TEST_F(RealSweep, ReplaysWithoutANetworkToTheSameBytes) {
  std::string config;
  {
    ModelServer server(WeakAndFailing);
    config = Config(RealConfig(server.Url()));
    ASSERT_EQ(Xsweep(RunAs("a", config)).code, 0);
  }
  if (RunProcess({.args = {"unshare", "-rn", "true"}})->exit_code != 0) GTEST_SKIP() << "no network namespaces here";
  auto words = RunAs("b", config, {"--replay", Run("a").string()});
  words.insert(words.begin(), "offline");
  const Ended ended = Xsweep(words, false);
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_EQ(Read("a", "trials.jsonl"), Read("b", "trials.jsonl"));
}

TEST_F(RealSweep, ReplayOfAnotherExperimentMissesAndSaysWhatDiffers) {
  ModelServer server(Weak);
  const std::string config = Config(RealConfig(server.Url()));
  ASSERT_EQ(Xsweep(RunAs("a", config)).code, 0);
  const int asked = server.requests();
  struct Change {
    std::string id, set, shown;
    std::size_t misses;
  };
  for (const Change& change : {Change{"warm", "models.agent.temperature=0.5", "temperature", kPlanned},
                               Change{"words", "attack.levels=[kindly, now, at once]", "kindly", kPlanned / 2},
                               Change{"policy", "agent.instructions=Be brief.", "Be brief", kPlanned}}) {
    Xsweep(RunAs(change.id, config, {"--replay", Run("a").string(), "--set", change.set}));
    const auto rows = Rows(change.id);
    ASSERT_EQ(rows.size(), kPlanned) << change.id;
    EXPECT_EQ(Count(rows, "error"), change.misses) << change.id;
    EXPECT_NE(rows[0].Dump().find(change.shown), std::string::npos) << rows[0].Dump();
  }
  EXPECT_EQ(server.requests(), asked);
}

TEST_F(RealSweep, KeepsTheKeyOutOfEveryFileAlsoWhenTheServerEchoesIt) {
  std::atomic<int> with_key = 0;
  ModelServer server([&](const SeenRequest& request) -> ServerReply {
    if (request.Header("authorization").find(kCanaryKey) != std::string_view::npos) ++with_key;
    if (request.number % 3 == 0) return {.status = 401, .body = EchoHeaders(request).body};
    if (request.number % 3 == 1) return {.body = "not json: " + EchoHeaders(request).body};
    return EchoHeaders(request);
  });
  const std::string config = Config(RealConfig(server.Url()));
  Xsweep(RunAs("a", config));
  ASSERT_GT(with_key, 0);
  const ProcessResult found = *RunProcess({.args = {"grep", "-rlF", kCanaryKey, Results()}});
  EXPECT_EQ(found.out, "");
  const ProcessResult unpacked = *RunProcess({.args = {"zstd", "-dcq", (Run("a") / "transcripts.jsonl.zst").string()}});
  EXPECT_NE(unpacked.out.find("Bearer"), std::string::npos) << "the echo never reached a transcript";
  EXPECT_EQ(unpacked.out.find(kCanaryKey), std::string::npos);
}

TEST_F(RealSweep, WithoutAKeyNothingStartsAndNothingIsWritten) {
  ModelServer server(Weak);
  const Ended ended = Xsweep(RunAs("a", Config(RealConfig(server.Url()))), false);
  EXPECT_EQ(ended.code, 2);
  EXPECT_NE(ended.output.find(kKeyVariable), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("--mode SHIM"), std::string::npos) << ended.output;
  EXPECT_FALSE(std::filesystem::exists(Results()));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(RealSweep, ShimOnRequestPlaysWithoutModelAndSaysSo) {
  ModelServer server(Weak);
  const Ended ended = Xsweep(RunAs("a", Config(RealConfig(server.Url())), {"--mode", "SHIM"}), false);
  EXPECT_EQ(ended.code, 0);
  EXPECT_NE(ended.output.find("the simulated agent plays in place of `tool_agent`"), std::string::npos);
  EXPECT_EQ(Manifest("a").StringOr("mode", ""), "SHIM");
  EXPECT_EQ(Rows("a").size(), kPlanned);
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(RealSweep, InterruptKeepsWhatIsFinishedAndResumeAsksForNothingTwice) {
  std::atomic<int> seen = 0;
  std::atomic<bool> slow = true;
  std::map<std::string, int> answered;  // only the server's thread touches it while that runs
  std::string config;
  {
    ModelServer server([&](const SeenRequest& request) {
      ServerReply reply = Weak(request);
      if (++seen > 40 && slow) {
        reply.manner = ServerReply::Manner::kHang;
      } else {
        ++answered[request.body];
      }
      return reply;
    });
    const Running running = Start(RunAs("a", Config(RealConfig(server.Url())), {"--jobs", "4"}));
    while (seen < 44) std::this_thread::yield();
    const auto signalled = std::chrono::steady_clock::now();
    running.Signal(SIGINT);
    const Ended ended = running.Wait();
    EXPECT_LT(std::chrono::steady_clock::now() - signalled, std::chrono::seconds(5));
    EXPECT_EQ(ended.code, 130) << ended.output;
    EXPECT_EQ(Manifest("a").StringOr("status", ""), "interrupted");
    const std::string rows = Read("a", "shards/0.jsonl");
    EXPECT_GE(std::ranges::count(rows, '\n'), 8) << rows;
    EXPECT_EQ(rows.find("\"outcome\":\"error\""), std::string::npos);
    slow = false;
    const Ended resumed = Xsweep({"run", "--resume", Run("a").string(), "--quiet"});
    EXPECT_EQ(resumed.code, 0) << resumed.output;
  }
  EXPECT_EQ(Manifest("a").StringOr("status", ""), "completed");
  EXPECT_EQ(Rows("a").size(), kPlanned);
  for (const auto& [body, times] : answered) EXPECT_EQ(times, 1) << body.substr(body.size() - 300);
}

TEST_F(RealSweep, InterruptWaitsForNoNameServer) {
  if (std::system("unshare -rmn sh -c 'ip link set lo up && python3 -c 0' > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "needs namespaces, `ip` and python3 for a name server that does not answer";
  const std::string config = Config(RealConfig("http://nobody.example", "limits: { max_error_rate: 0.9 }"));
  auto words = RunAs("a", config);
  words.insert(words.begin(), "nameless");
  const Running running = Start(words);
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  const auto start = std::chrono::steady_clock::now();
  running.Signal(SIGINT);
  const Ended ended = running.Wait();
  EXPECT_EQ(ended.code, 130) << ended.output;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(6)) << "and it may look for the name for 10";
}

TEST_F(RealSweep, KilledAgainAndAgainPaysOnlyTheCallsInFlightTwice) {
  constexpr int kKills = 12;
  constexpr int kAtOnce = 4;
  std::atomic<int> seen = 0;
  std::mutex guard;
  std::map<std::string, int> answered;
  const auto sweep = [&](const std::string& id, const std::string& config) {
    return RunAs(id, config, {"--jobs", std::to_string(kAtOnce)});
  };
  {
    ModelServer server([&](const SeenRequest& request) {
      ServerReply reply = Weak(request);
      reply.latency = std::chrono::milliseconds(2);
      const std::lock_guard lock(guard);
      ++answered[request.body];
      ++seen;
      return reply;
    });
    const std::string config = Config(RealConfig(server.Url()));
    EXPECT_EQ(Xsweep(sweep("alone", config)).code, 0);
    const int calls = server.requests();
    {
      const std::lock_guard lock(guard);
      answered.clear();
    }
    for (int kill = 0; kill < kKills; ++kill) {
      seen = 0;
      const int moment = 1 + kill * 5 % (calls / kKills);  // new calls since the start: kept ones are not asked again
      const Running running = Start(sweep("killed", config));
      while (seen < moment) std::this_thread::yield();
      running.Signal(SIGKILL);
      running.Wait();
    }
    const Ended resumed = Xsweep(sweep("killed", config));
    EXPECT_EQ(resumed.code, 0) << resumed.output;
  }
  EXPECT_EQ(Read("killed", "trials.jsonl"), Read("alone", "trials.jsonl"));
  int twice = 0;
  for (const auto& [body, times] : answered) twice += times - 1;
  EXPECT_LE(twice, kKills * kAtOnce);
}

}  // namespace
}  // namespace xsweep::testing
