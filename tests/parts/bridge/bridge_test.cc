// A bridged environment answers like its worker, and outlives whatever the worker does.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/bridge/bridge.h"

#include <gtest/gtest.h>

#include <string_view>

#include "base/async.h"

namespace xsweep {
namespace {

Expected<std::shared_ptr<const EnvironmentSource>> OpenWorker(const char* mode, double timeout = 30) {
  const Json options = Json::MakeObject(
      {{"command", Json::MakeArray({"python3", XSWEEP_SOURCE_DIR "/tests/support/bridge_worker.py", mode})},
       {"timeout", timeout}});
  return BridgeEntry().prepare(options);
}

ToolCall Add(int amount) { return {"1", "add", Json::MakeObject({{"amount", amount}})}; }

TEST(BridgedEnvironment, TakesTasksToolsAndPolicyFromItsWorker) {
  const auto source = OpenWorker("well");
  ASSERT_TRUE(source) << source.error().Text();
  EXPECT_EQ((*source)->info().name, "counter");
  EXPECT_TRUE((*source)->info().python);
  EXPECT_EQ((*source)->info().data_sha256, "hash-0");
  EXPECT_EQ((*source)->tasks()[0].id, "count");
  EXPECT_EQ((*source)->tasks()[0].reference_actions[0].name, "add");
  EXPECT_EQ((*source)->tools()[0].name, "add");
  EXPECT_EQ((*source)->policy(), "Count well.");
}

TEST(BridgedEnvironment, StartsEveryEpisodeAnewOnTheSameWorker) {
  const auto source = OpenWorker("well");
  ASSERT_TRUE(source) << source.error().Text();
  for (int episode = 0; episode < 3; ++episode) {
    const auto environment = RunNow((*source)->Fork(0, {}));
    ASSERT_TRUE(environment) << environment.error().Text();
    EXPECT_EQ(RunNow((*environment)->Call(Add(2)))->content, "2");
    EXPECT_EQ(RunNow((*environment)->AssessTask({}))->success, true);
    EXPECT_EQ(RunNow((*environment)->Call(Add(1)))->content, "3");
    EXPECT_EQ(RunNow((*environment)->AssessTask({}))->success, false);
  }
}

TEST(BridgedEnvironment, KeepsTwoForksApart) {
  const auto source = OpenWorker("well");
  ASSERT_TRUE(source) << source.error().Text();
  const auto one = RunNow((*source)->Fork(0, {}));
  const auto other = RunNow((*source)->Fork(0, {}));
  ASSERT_TRUE(one && other);
  EXPECT_EQ(RunNow((*one)->Call(Add(5)))->content, "5");
  EXPECT_EQ(RunNow((*other)->Call(Add(1)))->content, "1");
}

struct Misbehaviour {
  const char* mode;
  const char* message;
};

class MisbehavingWorker : public testing::TestWithParam<Misbehaviour> {};
INSTANTIATE_TEST_SUITE_P(That, MisbehavingWorker,
                         testing::Values(Misbehaviour{"die", "the counter has burst"},
                                         Misbehaviour{"hang", "did not answer in time"},
                                         Misbehaviour{"garbage", "garbage: Segmentation fault"}),
                         [](const auto& tested) { return tested.param.mode; });

TEST_P(MisbehavingWorker, IsAnEpisodeErrorAndTheNextEpisodeGetsAnother) {
  const auto source = OpenWorker(GetParam().mode, std::string_view(GetParam().mode) == "hang" ? 5 : 30);
  ASSERT_TRUE(source) << source.error().Text();
  for (int episode = 0; episode < 2; ++episode) {
    const auto environment = RunNow((*source)->Fork(0, {}));
    ASSERT_TRUE(environment) << environment.error().Text();
    const auto outcome = RunNow((*environment)->Call(Add(1)));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::kEpisode);
    EXPECT_NE(outcome.error().message.find(GetParam().message), std::string::npos) << outcome.error().Text();
    EXPECT_FALSE(RunNow((*environment)->Call(Add(1))));
  }
}

TEST(BridgedEnvironment, SaysWhichCommandCannotBeStarted) {
  const auto source =
      BridgeEntry().prepare(Json::MakeObject({{"command", Json::MakeArray({"no-such-worker"})}, {"timeout", 5.0}}));
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().kind, ErrorKind::kUser);
  EXPECT_NE(source.error().message.find("no-such-worker"), std::string::npos) << source.error().Text();
}

}  // namespace
}  // namespace xsweep
