// RecordedEntry: the environment of imported results whose world nobody has.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/recorded.h"

#include <string>
#include <vector>

#include "base/hash.h"

namespace xsweep {
namespace {

constexpr std::string_view kCannot = "these episodes were recorded elsewhere; their world is not here to be asked";

class RecordedWorld final : public Environment {
 public:
  explicit RecordedWorld(const Task& task) : task_(task) {}
  const Task& task() const override { return task_; }
  std::string_view policy() const override { return {}; }
  const std::vector<ToolSchema>& tools() const override { return tools_; }
  Expected<Goal> MakeGoal(const GoalRequest& /*request*/, const Draws& /*draws*/) const override { return Goal(); }
  Async<Expected<ToolOutcome>> Call(const ToolCall& call) override {
    return Async<Expected<ToolOutcome>>(EpisodeError(kCannot, call.name));
  }
  std::vector<Effect> Foresee(const ToolCall& /*call*/) const override { return {}; }
  Async<Expected<UserTurn>> Speak(const Conversation& /*conversation*/, Usage& /*usage*/) override {
    return Async<Expected<UserTurn>>(EpisodeError(kCannot, "user"));
  }
  Async<Expected<TaskAssessment>> AssessTask(const Transcript& /*transcript*/) override {
    return Async<Expected<TaskAssessment>>(TaskAssessment());
  }

 private:
  const Task& task_;
  std::vector<ToolSchema> tools_;
};

class Recorded final : public EnvironmentSource {
 public:
  explicit Recorded(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      Task& task = tasks_.emplace_back();
      task.id = id;
      task.data_hash = ShortHash(id);
    }
  }
  const EnvironmentInfo& info() const override { return info_; }
  const std::vector<Task>& tasks() const override { return tasks_; }
  std::string_view policy() const override { return {}; }
  const std::vector<ToolSchema>& tools() const override { return tools_; }
  const std::vector<std::string>& goals() const override { return goals_; }
  Async<Expected<std::unique_ptr<Environment>>> Fork(std::size_t task, EnvironmentModels /*models*/) const override {
    return Expected<std::unique_ptr<Environment>>(std::make_unique<RecordedWorld>(tasks_[task]));
  }

 private:
  EnvironmentInfo info_{"recorded", "as recorded", {}, false};
  std::vector<Task> tasks_;
  std::vector<ToolSchema> tools_;
  std::vector<std::string> goals_;
};

struct RecordedSettings {
  std::vector<std::string> ids;
};
const Options<RecordedSettings> kRecordedOptions = {
    Opt("ids", &RecordedSettings::ids, "The names of its tasks.", {.minimum = 1, .required = true})};

}  // namespace

EnvironmentEntry RecordedEntry() {
  return EnvironmentEntry::Of(
      {.name = "recorded",
       .summary = "The world of results that `xsweep import results` read without it; nothing can be run in it."},
      kRecordedOptions, [](const RecordedSettings& settings) -> std::shared_ptr<const EnvironmentSource> {
        return std::make_shared<Recorded>(settings.ids);
      });
}

}  // namespace xsweep
