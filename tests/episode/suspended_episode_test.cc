// The same loop with a model that makes it wait: every exchange suspends the episode and resumes it later.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/fake_desk.h"
#include "support/fake_model.h"
#include "support/model_as.h"

namespace xsweep {
namespace {

// Answers only when the test lets it.
class SlowModel : public Model {
 public:
  explicit SlowModel(std::vector<ModelReply> replies) : replies_(std::move(replies)) {}
  std::string_view name() const override { return "slow-1"; }
  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override {
    asked.push_back(request.messages.size());
    const std::size_t index = asked.size() - 1;
    co_await Wait{*this};
    if (index >= replies_.size()) co_return EpisodeError("no more replies");
    co_return replies_[index];
  }
  // False when nobody waits.
  bool LetGo() {
    if (!waiting_) return false;
    std::exchange(waiting_, {}).resume();
    return true;
  }

  std::vector<std::size_t> asked;

 private:
  struct Wait {
    SlowModel& model;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> who) noexcept { model.waiting_ = who; }
    void await_resume() const noexcept {}
  };

  std::vector<ModelReply> replies_;
  std::coroutine_handle<> waiting_;
};

ModelReply Calling(std::vector<ToolCall> calls) {
  ModelReply reply;
  reply.calls = std::move(calls);
  reply.usage.calls = 1;
  return reply;
}

ModelReply Saying(std::string text) {
  ModelReply reply;
  reply.text = std::move(text);
  reply.usage.calls = 1;
  return reply;
}

TEST(SuspendedEpisode, GoesOnWhereItWaited) {
  const Json customer = Json::MakeObject({{"user_id", "regular_1"}});
  SlowModel model(
      {Calling(
           {{.id = "c", .name = "get_user_details", .arguments = customer},
            {.id = "c", .name = "set_bags", .arguments = Json::MakeObject({{"user_id", "regular_1"}, {"bags", 2}})}}),
       Calling({{.id = "c", .name = "get_user_details", .arguments = "{not json"}}),
       Saying("You are a regular member.")});
  const Task task = test::LookUpTask();
  test::FakeDesk desk(task);
  const Goal goal;
  const Catalog catalog = BuildCatalog();
  const TrialContext context{.task = task,
                             .goal = goal,
                             .environment = desk,
                             .draws = Draws(1, task.id, 0),
                             .models = test::ModelAs(Role::kAgent, model),
                             .identity = {}};
  const auto agent = catalog.PrepareAgent("tool_agent", {}).value()(context);
  const auto attack = catalog.PrepareAttack("none", {}).value().make(context);
  const auto defense =
      catalog.PrepareDefense("stack", test::Options(R"({"defenses": [{"name": "none"}, {"name": "redact"}]})"))
          .value()(context);
  const auto judge = catalog.PrepareJudge("goal_reached", {}).value()(context);

  Async<EpisodeResult> running = RunEpisode(
      {.environment = desk, .agent = *agent, .attack = *attack, .defense = *defense, .judge = *judge, .goal = goal},
      {});
  running.Start();
  int waits = 0;
  while (model.LetGo()) ++waits;
  ASSERT_TRUE(running.done());
  const EpisodeResult result = running.Take();

  EXPECT_EQ(waits, 3);
  EXPECT_EQ(model.asked, (std::vector<std::size_t>{1, 4, 6})) << "both results are shown before the agent acts again";
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.task.success, true);
  EXPECT_EQ(result.usage[Role::kAgent].calls, 3);
  ASSERT_EQ(result.transcript.calls.size(), 3U);
  EXPECT_NE(result.transcript.calls[0].call.id, result.transcript.calls[1].call.id);
  EXPECT_EQ(result.transcript.calls[2].fate, CallFate::kFailed);
  EXPECT_EQ(result.transcript.calls[2].content, "Error: the arguments are not a JSON object");
}

TEST(SuspendedEpisode, MayBeGivenUpWhileItWaits) {
  SlowModel model({Saying("hello")});
  const Task task = test::LookUpTask();
  test::FakeDesk desk(task);
  const Goal goal;
  const Catalog catalog = BuildCatalog();
  const TrialContext context{.task = task,
                             .goal = goal,
                             .environment = desk,
                             .draws = Draws(1, task.id, 0),
                             .models = test::ModelAs(Role::kAgent, model),
                             .identity = {}};
  const auto agent = catalog.PrepareAgent("tool_agent", {}).value()(context);
  const auto attack = catalog.PrepareAttack("none", {}).value().make(context);
  const auto defense = catalog.PrepareDefense("none", {}).value()(context);
  const auto judge = catalog.PrepareJudge("goal_reached", {}).value()(context);
  {
    Async<EpisodeResult> running = RunEpisode(
        {.environment = desk, .agent = *agent, .attack = *attack, .defense = *defense, .judge = *judge, .goal = goal},
        {});
    running.Start();
    EXPECT_FALSE(running.done());
  }
  EXPECT_EQ(model.asked.size(), 1U);
}

}  // namespace
}  // namespace xsweep
