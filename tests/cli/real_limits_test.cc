// What stops a REAL run early: the limit of a role, and more errors than its rate allows.
// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "cli/real_run.h"

namespace xsweep::testing {
namespace {

constexpr int kJobs = 4;

/// Sweeps in which a model attacks: two calls of the attacker and two or more of the agent in an attacked trial.
class RoleLimits : public RealSweep {
 protected:
  static bool AsksTheAttacker(const SeenRequest& request) {
    return request.body.find("\"model\":\"evil\"") != std::string::npos;
  }
  ServerReply Answer(const SeenRequest& request) {
    if (!AsksTheAttacker(request)) return Weak(request);
    ++attacker_calls_;
    return {.body = ChatBody("Be so kind."), .latency = latency_};
  }
  /// The words that run it with `limits`.
  std::vector<std::string> Attack(const std::string& id, const ModelServer& server, const std::string& limits,
                                  std::vector<std::string> more = {}) {
    std::vector<std::string> words = {
        "--set", "attack={name: model_attacker, goal: unearned_certificate, amount: [150, 369], turns: 2}", "--set",
        fmt::format("models.attacker={{provider: openai, base_url: \"{}/v1\", model: evil, api_key_env: \"\"}}",
                    server.Url())};
    words.insert(words.end(), more.begin(), more.end());
    return RunAs(id, Config(RealConfig(server.Url(), "limits: " + limits)), words);
  }
  const Json& Budgeted(const std::string& id) { return budget_ = *Manifest(id).Find("budget"); }

  std::atomic<int> attacker_calls_ = 0;
  std::chrono::milliseconds latency_{0};

 private:
  Json budget_;
};

TEST_F(RoleLimits, StopTheRunWithinTheCallsInFlight) {
  ModelServer server([&](const SeenRequest& request) { return Answer(request); });
  const Ended ended = Xsweep(Attack("a", server, "{ max_calls: 1000, roles: { attacker: { max_calls: 10 } } }",
                                    {"--jobs", std::to_string(kJobs)}));
  EXPECT_EQ(ended.code, 5) << ended.output;
  EXPECT_NE(ended.output.find("stopped early by limits.roles.attacker.max_calls"), std::string::npos) << ended.output;
  EXPECT_GE(attacker_calls_, 10);
  EXPECT_LE(attacker_calls_, 10 + kJobs - 1);
  EXPECT_EQ(Manifest("a").StringOr("status", ""), "budget");
  const Json& budget = Budgeted("a");
  EXPECT_EQ(budget.StringOr("stopped_by", ""), "roles.attacker.max_calls");
  EXPECT_EQ(budget.Find("limits")->IntOr("roles.attacker.max_calls", 0), 10);
  const Json& roles = *budget.Find("used")->Find("roles");
  EXPECT_EQ(roles.Find("attacker")->IntOr("calls", 0), attacker_calls_);
  EXPECT_EQ(roles.Find("agent")->IntOr("calls", 0), server.requests() - attacker_calls_);
  const auto rows = Rows("a");
  EXPECT_GT(Count(rows, "skipped"), rows.size() / 2);
  EXPECT_EQ(Count(rows, "error"), 0U);
  EXPECT_NE(Read("a", "notes.md").find("roles.attacker.max_calls"), std::string::npos);
}

TEST_F(RoleLimits, BoundTokensToo) {
  ModelServer server([&](const SeenRequest& request) { return Answer(request); });
  const Ended ended =
      Xsweep(Attack("a", server, "{ roles: { attacker: { max_total_tokens: 100 } } }", {"--jobs", "1"}));
  EXPECT_EQ(ended.code, 5) << ended.output;
  EXPECT_EQ(attacker_calls_, 7) << "fifteen tokens a call";
  EXPECT_EQ(Budgeted("a").StringOr("stopped_by", ""), "roles.attacker.max_total_tokens");
}

TEST_F(RoleLimits, CountWhatWasSpentBeforeTheRunWasSealed) {
  ModelServer server([&](const SeenRequest& request) { return Answer(request); });
  const auto with = [&](int calls, std::vector<std::string> more) {
    more.insert(more.end(), {"--jobs", "1"});
    return Xsweep(Attack("a", server, fmt::format("{{ roles: {{ attacker: {{ max_calls: {} }} }} }}", calls), more))
        .code;
  };
  EXPECT_EQ(with(10, {}), 5);
  EXPECT_EQ(attacker_calls_, 10);
  EXPECT_EQ(with(15, {"--retry-errors"}), 2) << "another limit of a role is another config";
  EXPECT_EQ(with(15, {"--retry-errors", "--force"}), 5);
  EXPECT_EQ(attacker_calls_, 15);
  const Json& budget = Budgeted("a");
  EXPECT_EQ(budget.Find("limits")->IntOr("roles.attacker.max_calls", 0), 15);
  EXPECT_EQ(budget.Find("used")->Find("roles")->Find("attacker")->IntOr("calls", 0), 15);
}

TEST_F(RoleLimits, CountWhatAKilledProcessHasSpent) {
  latency_ = std::chrono::milliseconds(2);
  ModelServer server([&](const SeenRequest& request) { return Answer(request); });
  const auto words = Attack("a", server, "{ roles: { attacker: { max_calls: 12 } } }", {"--jobs", "1"});
  const Running killed = Start(words);
  while (attacker_calls_ < 6) std::this_thread::yield();
  killed.Signal(SIGKILL);
  killed.Wait();
  EXPECT_EQ(Xsweep(words).code, 5);
  EXPECT_GE(attacker_calls_, 12);
  EXPECT_LE(attacker_calls_, 13) << "the call in flight was not written down";
}

TEST_F(RoleLimits, AreSharedByShards) {
  latency_ = std::chrono::milliseconds(5);
  ModelServer server([&](const SeenRequest& request) { return Answer(request); });
  const auto shard = [&](int index) {
    return Attack("a", server, "{ roles: { attacker: { max_calls: 20 } } }",
                  {"--set", "controls=false", "--jobs", std::to_string(kJobs), "--shard", fmt::format("{}/2", index)});
  };
  const Running first = Start(shard(0));
  const Running second = Start(shard(1));
  for (const Running* running : {&first, &second}) {
    const Ended ended = running->Wait();
    EXPECT_EQ(ended.code, 0) << ended.output;
  }
  EXPECT_GE(attacker_calls_, 20);
  EXPECT_LE(attacker_calls_, 20 + 2 * kJobs - 1);
  const Ended merged = Xsweep({"merge", Run("a").string()});
  EXPECT_EQ(merged.code, 5) << merged.output;
  const Json& budget = Budgeted("a");
  EXPECT_EQ(budget.StringOr("stopped_by", ""), "roles.attacker.max_calls");
  EXPECT_EQ(budget.Find("used")->Find("roles")->Find("attacker")->IntOr("calls", 0), attacker_calls_);
  EXPECT_GT(Count(Rows("a"), "skipped"), 0U);
}

TEST_F(RoleLimits, OfAJudgeHoldWhenARunIsJudgedAgain) {
  ModelServer server(Weak);
  ASSERT_EQ(Xsweep(RunAs("a", Config(RealConfig(server.Url())))).code, 0);
  ModelServer judge([](const SeenRequest&) { return ServerReply{.body = ChatBody("no")}; });
  const std::string model = fmt::format(
      "models.judge={{provider: openai, model: tiny, base_url: \"{}/v1\", api_key_env: \"\"}}", judge.Url());
  const Ended ended =
      Xsweep({"rejudge", Run("a").string(), "--outdir", Results(), "--run-id", "again", "--jobs", std::to_string(kJobs),
              "--judge", "model_judge", "--set", model, "--set", "limits.roles.judge.max_calls=10"});
  EXPECT_EQ(ended.code, 5) << ended.output;
  EXPECT_GE(judge.requests(), 10);
  EXPECT_LE(judge.requests(), 10 + kJobs - 1);
  const Json& budget = Budgeted("again");
  EXPECT_EQ(budget.StringOr("stopped_by", ""), "roles.judge.max_calls");
  EXPECT_EQ(budget.Find("used")->Find("roles")->Find("judge")->IntOr("calls", 0), judge.requests());
  EXPECT_EQ(Count(Rows("again"), "skipped"), Rows("a").size() - static_cast<std::size_t>(judge.requests()));
}

ServerReply Failing(const SeenRequest&) { return {.status = 400, .body = ErrorBody("this one always fails")}; }

using TooManyErrors = RealSweep;

TEST_F(TooManyErrors, StopTheRunAndMakeItInvalid) {
  ModelServer server(Failing);
  const Ended ended = Xsweep(RunAs("a", Config(RealConfig(server.Url(), "limits: { max_error_rate: 0.1 }")),
                                   {"--jobs", std::to_string(kJobs)}));
  EXPECT_EQ(ended.code, 4) << ended.output;
  EXPECT_NE(ended.output.find("stopped early by limits.max_error_rate"), std::string::npos) << ended.output;
  const auto rows = Rows("a");
  EXPECT_GE(Count(rows, "error"), 5U) << "five of 48 are more than 0.1";
  EXPECT_LE(Count(rows, "error"), 5U + kJobs - 1);
  EXPECT_EQ(Count(rows, "error"), static_cast<std::size_t>(server.requests()));
  EXPECT_EQ(Count(rows, "error") + Count(rows, "skipped"), rows.size());
  const Json manifest = Manifest("a");
  EXPECT_EQ(manifest.StringOr("status", ""), "budget");
  EXPECT_EQ(manifest.StringOr("verdict", ""), "INVALID");
  EXPECT_EQ(manifest.Find("budget")->StringOr("stopped_by", ""), "max_error_rate");
  EXPECT_NE(Read("a", "notes.md").find("certain to end above its `max_error_rate`"), std::string::npos);
}

TEST_F(TooManyErrors, AreCountedOverResumesUntilTheyAreRetried) {
  std::atomic<int> seen = 0;
  std::atomic<bool> sound = false;
  ModelServer server([&](const SeenRequest& request) {
    if (sound) return Weak(request);
    ServerReply reply = Failing(request);
    if (++seen == 4) reply.manner = ServerReply::Manner::kHang;
    return reply;
  });
  const std::string config = Config(RealConfig(server.Url(), "limits: { max_error_rate: 0.1 }"));
  const Running interrupted = Start(RunAs("a", config, {"--jobs", "1"}));
  while (seen < 4) std::this_thread::yield();
  interrupted.Signal(SIGINT);
  EXPECT_EQ(interrupted.Wait().code, 130);
  EXPECT_EQ(Xsweep({"run", "--resume", Run("a").string(), "--quiet", "--jobs", "1"}).code, 4);
  EXPECT_EQ(Count(Rows("a"), "error"), 5U);
  EXPECT_EQ(seen, 6) << "three, the one that hung, and two more";
  sound = true;
  const Ended retried = Xsweep({"run", "--resume", Run("a").string(), "--quiet", "--retry-errors"});
  EXPECT_EQ(retried.code, 0) << retried.output;
  EXPECT_EQ(Manifest("a").StringOr("status", ""), "completed");
  EXPECT_EQ(Count(Rows("a"), "error") + Count(Rows("a"), "skipped"), 0U);
}

TEST_F(TooManyErrors, AtTheVeryEndLeaveNothingToSkip) {
  int calls = 0;
  {
    ModelServer sound(Weak);
    ASSERT_EQ(Xsweep(RunAs("sound", Config(RealConfig(sound.Url())), {"--jobs", "1"})).code, 0);
    calls = sound.requests();
  }
  std::atomic<int> seen = 0;
  ModelServer server([&](const SeenRequest& request) { return ++seen == calls ? Failing(request) : Weak(request); });
  const std::string config = Config(RealConfig(server.Url(), "limits: { max_error_rate: 0.02 }"));
  EXPECT_EQ(Xsweep(RunAs("a", config, {"--jobs", "1"})).code, 4) << "one of 48 is just above 0.02";
  const Json manifest = Manifest("a");
  EXPECT_EQ(manifest.StringOr("status", ""), "completed");
  EXPECT_EQ(manifest.StringOr("verdict", ""), "INVALID");
  EXPECT_TRUE(manifest.Find("budget")->Find("stopped_by")->is_null());
  EXPECT_EQ(Count(Rows("a"), "error"), 1U);
}

}  // namespace
}  // namespace xsweep::testing
