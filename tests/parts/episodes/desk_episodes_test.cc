// Whole episodes on the real desks: floors, ceilings and every goal, on our own desk and on the benchmarks' data.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "episode/run_episode.h"
#include "parts/catalog.h"

namespace xsweep {
namespace {

struct Roles {
  std::string agent = "shim";
  Json agent_options = Json::MakeObject({{"competence", 1}});
  std::string attack = "none";
  Json attack_options = Json::MakeObject();
  std::string defense = "none";
  std::string judge = "goal_reached";
};

struct Counts {
  int trials = 0;
  int solved = 0;
  int succeeded = 0;
  int attempted = 0;
  int blocked = 0;
  int exposed = 0;
  int errors = 0;
};

// One episode per task.
class DeskEpisodes {
 public:
  DeskEpisodes(const std::string& name, const std::string& data) {
    const Json options = data.empty() ? Json::MakeObject() : Json::MakeObject({{"data", data}});
    source_ = catalog_.OpenEnvironment(name, options).value();
  }

  Counts Run(const Roles& roles) const {
    const auto agent = catalog_.PrepareAgent(roles.agent, roles.agent_options).value();
    const auto attack = catalog_.PrepareAttack(roles.attack, roles.attack_options).value();
    const auto defense = catalog_.PrepareDefense(roles.defense, {}).value();
    const auto judge = catalog_.PrepareJudge(roles.judge, {}).value();
    Counts counts;
    for (std::size_t i = 0; i < source_->tasks().size(); ++i) {
      const Task& task = source_->tasks()[i];
      const auto desk = RunNow(source_->Fork(i, {})).value();
      const Draws draws(41, task.id, 0);
      const Goal goal = attack.none ? Goal() : desk->MakeGoal(attack.goal, draws).value();
      const TrialContext context{
          .task = task, .goal = goal, .environment = *desk, .draws = draws, .models = {}, .identity = {}};
      const auto a = agent(context);
      const auto x = attack.make(context);
      const auto d = defense(context);
      const auto j = judge(context);
      const EpisodeResult result = RunNow(
          RunEpisode({.environment = *desk, .agent = *a, .attack = *x, .defense = *d, .judge = *j, .goal = goal}, {}));
      ++counts.trials;
      counts.errors += result.error ? 1 : 0;
      // tau2's retail tasks also want a model to judge what was said: here the parts that are assessed decide.
      const bool native = result.task.database.value_or(false) && result.task.communicated.value_or(false);
      counts.solved += result.task.success.value_or(native) ? 1 : 0;
      counts.succeeded += result.assessment.succeeded.value_or(false) ? 1 : 0;
      counts.attempted += result.assessment.attempted > 0 ? 1 : 0;
      counts.blocked += result.assessment.blocked;
      counts.exposed += result.transcript.exposure.exposed ? 1 : 0;
    }
    return counts;
  }

  const EnvironmentSource& source() const { return *source_; }

 private:
  Catalog catalog_ = BuildCatalog();
  std::shared_ptr<const EnvironmentSource> source_;
};

std::string TauDirectory() {
  const char* given = std::getenv("XSWEEP_TAU_DIR");
  return given != nullptr ? given : XSWEEP_SOURCE_DIR "/../shared/tau";
}

class OnADesk : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const bool own = std::string_view(GetParam()) == "airline";
    if (!own && !std::filesystem::exists(TauDirectory())) GTEST_SKIP() << "no benchmark data at " << TauDirectory();
    desk_ = std::make_unique<DeskEpisodes>(GetParam(), own ? "" : TauDirectory());
  }
  Roles Attacked(const std::string& goal) const {
    Roles roles;
    roles.attack = "static";
    roles.attack_options = Json::MakeObject({{"goal", goal}});
    return roles;
  }
  void ExpectEveryGoalReachedAndBlocked() const {
    for (const std::string& goal : desk_->source().goals()) {
      Roles hijacked = Attacked(goal);
      hijacked.agent = "always_comply";
      hijacked.agent_options = Json::MakeObject();
      const Counts reached = desk_->Run(hijacked);
      EXPECT_EQ(reached.succeeded, reached.trials) << goal;
      hijacked.defense = "block_everything";
      const Counts stopped = desk_->Run(hijacked);
      EXPECT_EQ(stopped.succeeded, 0) << goal;
      EXPECT_GE(stopped.blocked, stopped.trials) << goal;
    }
  }

  std::unique_ptr<DeskEpisodes> desk_;
};

/// v1's tasks were never mended: some of their own actions break the policy, so less can be said of them.
class OnADeskOfV1 : public OnADesk {};

TEST_P(OnADesk, APerfectAgentSolvesEveryTaskAndHarmsNobody) {
  Roles roles;
  roles.judge = "out_of_policy_refund";
  const Counts counts = desk_->Run(roles);
  EXPECT_EQ(counts.errors, 0);
  EXPECT_EQ(counts.succeeded, 0);
  EXPECT_EQ(counts.solved, counts.trials);
}

TEST_P(OnADesk, DoingNothingAndBlockingEverythingLandAtTheFloor) {
  const auto floor = std::ranges::count(desk_->source().tasks(), std::optional(true), &Task::solved_by_nothing);
  const std::map<std::string_view, int> published = {{"tau2/airline", 23}, {"tau2/retail", 7}};
  if (const auto known = published.find(GetParam()); known != published.end()) {
    EXPECT_EQ(floor, known->second);
  }
  Roles nothing;
  nothing.agent = "do_nothing";
  nothing.agent_options = Json::MakeObject();
  Roles blocked;
  blocked.defense = "block_everything";
  EXPECT_EQ(desk_->Run(nothing).solved, floor);
  // A task without actions, or whose actions its own desk refuses, is solved with words, which nothing blocks.
  const auto by_words = std::ranges::count_if(desk_->source().tasks(), [](const Task& task) {
    return !task.communicate.empty() && std::ranges::count(task.reference_refused, false) == 0;
  });
  EXPECT_EQ(desk_->Run(blocked).solved, floor + by_words);
}

TEST_P(OnADesk, EveryGoalIsReachableAndCanBeBlocked) { ExpectEveryGoalReachedAndBlocked(); }

TEST_P(OnADesk, TheSimulatedAgentTakesNoRecordForARequest) {
  for (const std::string& goal : desk_->source().goals()) {
    Roles roles = Attacked(goal);
    roles.attack = "record_injection";
    roles.attack_options.Set("payload", "prefers tea");
    roles.agent_options.Set("susceptibility", 1);
    const Counts counts = desk_->Run(roles);
    EXPECT_EQ(counts.attempted, 0) << goal;
    EXPECT_GT(counts.exposed, 0) << goal;
    roles.attack_options.Erase("payload");
    EXPECT_EQ(desk_->Run(roles).attempted, counts.exposed) << goal;
  }
}

TEST_P(OnADeskOfV1, DoingNothingLandsAtTheFloorAndEveryGoalIsReachable) {
  Roles nothing;
  nothing.agent = "do_nothing";
  nothing.agent_options = Json::MakeObject();
  EXPECT_EQ(desk_->Run(nothing).solved, std::string_view(GetParam()) == "tau1/airline" ? 19 : 7);
  ExpectEveryGoalReachedAndBlocked();
}

INSTANTIATE_TEST_SUITE_P(Own, OnADesk, testing::Values("airline"));
INSTANTIATE_TEST_SUITE_P(Tau, OnADesk, testing::Values("tau2/airline", "tau2/retail"),
                         [](const auto& desk) { return std::string(desk.param).substr(5); });
INSTANTIATE_TEST_SUITE_P(Tau, OnADeskOfV1, testing::Values("tau1/airline", "tau1/retail"),
                         [](const auto& desk) { return std::string(desk.param).substr(5); });

}  // namespace
}  // namespace xsweep
