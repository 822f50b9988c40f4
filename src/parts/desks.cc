// DeskSource: a native desk as an environment.
// SPDX-License-Identifier: Apache-2.0
#include "parts/desks.h"
#include "episode/annotated.h"

#include <fmt/format.h>

#include <algorithm>

#include "parts/environments/retail/tools.h"
#include "parts/environments/reward.h"
#include "parts/environments/simulated_user.h"
#include "parts/environments/world/desk_tasks.h"
#include "parts/environments/world/world_hash.h"

namespace xsweep {
namespace {

/// A task with the state that its reference actions end in.
struct PlacedTask {
  DeskTask desk_task;
  State reference;
};

/// Plays the reference actions and notes in the task whether they come to nothing and which of them its own desk
/// refuses (a first guess at an e-mail address, say): both references pass over those. So is the action passed over
/// that ends the episode.
PlacedTask Place(const Desk& desk, const std::shared_ptr<const World>& world, DeskTask desk_task) {
  State state(world);
  Task& task = desk_task.task;
  for (const ToolCall& call : task.reference_actions) {
    const bool plays = call.name != desk.ends_episode;
    task.reference_refused.push_back(plays && CallTool(desk, state, call.name, call.arguments).error);
  }
  task.solved_by_nothing = task.communicate.empty() && StrictlyEqual(State(world), state);
  return {std::move(desk_task), std::move(state)};
}

/// The records that changed, {table: {id: record}}, as they were and as they are.
StateView ChangedRecords(const State& state) {
  StateView view{Json::MakeObject(), Json::MakeObject()};
  const auto set = [](Json& side, const RecordChange& change, const Json& record) {
    if (record.is_null()) return;
    Json* table = side.FindMutable(change.table);
    if (table == nullptr) table = &side.Set(change.table, Json::MakeObject());
    table->Set(change.id, record);
  };
  for (const RecordChange& change : state.Diff()) {
    set(view.before, change, change.before);
    set(view.after, change, change.after);
  }
  return view;
}

class NativeDesk;

// What a tool does, said truthfully: some clients run only what says that it reads, and ask about the rest.
Json HintsOf(const Desk& desk, std::string_view name) {
  const DeskTool* tool = FindTool(desk, std::string(name));
  const bool writes = tool != nullptr && tool->kind == ToolKind::kWrite;
  Json hints = Json::MakeObject({{"readOnlyHint", !writes}});
  if (writes) hints.Set("destructiveHint", true);
  if (writes) hints.Set("idempotentHint", false);
  hints.Set("openWorldHint", false);
  return hints;
}

/// One trial's fork.
class DeskEnvironment final : public Environment, public AnnotatesTools {
 public:
  DeskEnvironment(const NativeDesk& source, const PlacedTask& placed, EnvironmentModels models);

  const Task& task() const override { return placed_.desk_task.task; }
  std::string_view policy() const override;
  const std::vector<ToolSchema>& tools() const override;
  Expected<Goal> MakeGoal(const GoalRequest& request, const Draws& draws) const override;
  Async<Expected<ToolOutcome>> Call(const ToolCall& call) override {
    return Async<Expected<ToolOutcome>>(Execute(call));
  }
  std::vector<Effect> Foresee(const ToolCall& call) const override;
  Async<Expected<UserTurn>> Speak(const Conversation& conversation, Usage& usage) override {
    return user_.Speak(conversation, usage);
  }
  Async<Expected<TaskAssessment>> AssessTask(const Transcript& transcript) override;
  Json AnnotationsOf(std::string_view tool) const override;
  Async<Expected<StateView>> Observe() override { return Expected<StateView>(ChangedRecords(state_)); }

 private:
  Expected<ToolOutcome> Execute(const ToolCall& call);

  const NativeDesk& source_;
  const PlacedTask& placed_;
  EnvironmentModels models_;
  State state_;
  SimulatedUser user_;
};

class NativeDesk final : public EnvironmentSource {
 public:
  NativeDesk(EnvironmentInfo info, const Desk& desk, const DeskRules& rules, DeskFiles files,
             std::vector<ToolSchema> tools, std::vector<DeskTask> tasks)
      : info_(std::move(info)), desk_(desk), rules_(rules), files_(std::move(files)), tools_(std::move(tools)) {
    placed_.reserve(tasks.size());
    for (DeskTask& task : tasks) {
      placed_.push_back(Place(desk_, files_.world, std::move(task)));
      tasks_.push_back(placed_.back().desk_task.task);
    }
  }

  const EnvironmentInfo& info() const override { return info_; }
  const std::vector<Task>& tasks() const override { return tasks_; }
  std::string_view policy() const override { return files_.policy; }
  const std::vector<ToolSchema>& tools() const override { return tools_; }
  const std::vector<std::string>& goals() const override { return rules_.goals(); }
  Async<Expected<std::unique_ptr<Environment>>> Fork(std::size_t task, EnvironmentModels models) const override {
    CHECK(task < placed_.size(), "a fork was asked for a task that is not there");
    return Expected<std::unique_ptr<Environment>>(
        std::make_unique<DeskEnvironment>(*this, placed_[task], std::move(models)));
  }
  Expected<std::shared_ptr<const EnvironmentSource>> WithTasks(std::vector<Task> tasks) const override {
    std::vector<DeskTask> own;
    for (Task& task : tasks) {
      std::string scenario = task.instruction;
      own.push_back({std::move(task), std::move(scenario)});
    }
    return std::make_shared<NativeDesk>(info_, desk_, rules_, files_, tools_, std::move(own));
  }

  const Desk& desk() const { return desk_; }
  const DeskRules& rules() const { return rules_; }
  const DeskFiles& files() const { return files_; }

 private:
  EnvironmentInfo info_;
  const Desk& desk_;
  const DeskRules& rules_;
  DeskFiles files_;
  std::vector<ToolSchema> tools_;
  std::vector<Task> tasks_;
  std::vector<PlacedTask> placed_;
};

DeskEnvironment::DeskEnvironment(const NativeDesk& source, const PlacedTask& placed, EnvironmentModels models)
    : source_(source),
      placed_(placed),
      models_(std::move(models)),
      state_(source.files().world),
      user_(placed.desk_task, source.files().guidelines, models_) {}

Json DeskEnvironment::AnnotationsOf(std::string_view tool) const { return HintsOf(source_.desk(), tool); }
std::string_view DeskEnvironment::policy() const { return source_.policy(); }
const std::vector<ToolSchema>& DeskEnvironment::tools() const { return source_.tools(); }

Expected<Goal> DeskEnvironment::MakeGoal(const GoalRequest& request, const Draws& draws) const {
  return source_.rules().Aim(request, state_, task(), draws);
}

Expected<ToolOutcome> DeskEnvironment::Execute(const ToolCall& call) {
  const DeskTool* tool = FindTool(source_.desk(), call.name);
  const bool writes = tool != nullptr && tool->kind == ToolKind::kWrite;
  // Only a call that can write needs the state before it; a copy costs as much as the changes so far.
  std::optional<State> before;
  if (writes) before.emplace(state_);
  ToolOutput output = CallTool(source_.desk(), state_, call.name, call.arguments);
  if (output.escapes) return EpisodeError("the benchmark's own tool dies on this call: " + output.content, call.name);
  ToolOutcome outcome;
  outcome.ends_dialogue = !source_.desk().ends_episode.empty() && call.name == source_.desk().ends_episode;
  if (!output.error && tool != nullptr) {
    outcome.effects = source_.rules().Effects(call, output, before ? *before : state_, state_, task());
  }
  outcome.error = output.error;
  outcome.content = std::move(output.content);
  return outcome;
}

std::vector<Effect> DeskEnvironment::Foresee(const ToolCall& call) const {
  State after(state_);
  const ToolOutput output = CallTool(source_.desk(), after, call.name, call.arguments);
  if (output.error || output.escapes) return {};
  return source_.rules().Effects(call, output, state_, after, task());
}

Async<Expected<TaskAssessment>> DeskEnvironment::AssessTask(const Transcript& transcript) {
  TaskAssessment parts;
  const State& reference = placed_.reference;
  parts.database = StrictlyEqual(state_, reference);
  parts.canonical = *parts.database || CanonicallyEqual(state_, reference);
  parts.communicated = Communicated(task(), transcript);
  parts.actions = ActionsTaken(task(), transcript);
  const bool asks = std::ranges::find(task().reward_basis, "NL_ASSERTION") != task().reward_basis.end();
  if (asks) {
    auto met = co_await AssessAssertions(task(), transcript, models_, parts.usage);
    if (!met) co_return std::unexpected(std::move(met).error());
    parts.nl_assertions = *met;
  }
  // A dialogue that was cut by a limit scores nothing in either reference.
  parts.success = CutByLimit(transcript.stop) ? std::optional(false) : CombineReward(task(), parts);
  parts.state_difference = StateDifference(state_);
  co_return parts;
}

struct NamedDesk {
  std::string_view name;
  std::string_view summary;
  const Desk* desk;
  const DeskRules& (*rules)();
  bool bundled = false;
};

const NamedDesk kDesks[] = {
    {"airline", "a small airline of our own, carried by the program", &kBundledAirline, AirlineRulesTau2, true},
    {"tau2/airline", "tau2-bench's airline desk, from the user's own copy", &kTau2Airline, AirlineRulesTau2},
    {"tau2/retail", "tau2-bench's retail desk, from the user's own copy", &kTau2Retail, RetailRules},
    {"tau1/airline", "tau-bench v1's airline desk, from the user's own copy", &kTau1Airline, AirlineRulesTau1},
    {"tau1/retail", "tau-bench v1's retail desk, from the user's own copy", &kTau1Retail, RetailRules},
};

const NamedDesk* FindNamed(std::string_view name) {
  const auto found = std::ranges::find(kDesks, name, &NamedDesk::name);
  return found == std::end(kDesks) ? nullptr : &*found;
}

struct DeskSettings {
  std::string data;
  std::optional<std::string> split;
  std::optional<std::string> tasks_file;
};

const Option<DeskSettings> kData = Opt(
    "data", &DeskSettings::data, "the user's copy of the benchmark, or the directory of this desk", {.required = true});
const Option<DeskSettings> kSplit =
    Opt("split", &DeskSettings::split, "only the tasks of this split of split_tasks.json");
const Option<DeskSettings> kTasksFile = Opt("tasks_file", &DeskSettings::tasks_file,
                                            "a file whose tasks come before those of the data with the same id: a list "
                                            "of tasks, or results that carry their own");
const Options<DeskSettings> kBundledOptions = {kSplit, kTasksFile};
const Options<DeskSettings> kBenchmarkOptions = {kData, kSplit, kTasksFile};

Expected<std::vector<DeskTask>> KeepSplit(std::vector<DeskTask> tasks, const std::string& splits,
                                          const std::string& split) {
  TRY_ASSIGN(const auto ids, ReadSplit(splits, split, "environment.split"));
  std::erase_if(tasks, [&](const DeskTask& task) { return std::ranges::find(ids, task.task.id) == ids.end(); });
  if (tasks.empty())
    return UserError(fmt::format("the split `{}` names no task of this desk", split), "environment.split");
  return tasks;
}

}  // namespace

Expected<std::shared_ptr<const EnvironmentSource>> MakeDeskSource(std::string name, const Desk& desk,
                                                                  const DeskRules& rules, DeskFiles files,
                                                                  const std::string& split,
                                                                  const std::string& tasks_file) {
  TRY_ASSIGN(auto tools, ReadToolSchemas(files.tools, name + " tools.json"));
  for (const ToolSchema& tool : tools) {
    if (FindTool(desk, tool.name) == nullptr) {
      return UserError(
          fmt::format("tools.json has a tool `{}` that this desk has not; is it another domain's?", tool.name), name);
    }
  }
  TRY_ASSIGN(auto tasks, ReadTasks(files.tasks, desk.world.benchmark, *files.world, name + " tasks"));
  if (!split.empty()) {
    TRY_ASSIGN(tasks, KeepSplit(std::move(tasks), files.splits, split));
  }
  if (!tasks_file.empty()) {
    TRY_ASSIGN(auto own, ReadOwnTasks(tasks_file, *files.world));
    ReplaceTasks(std::move(own), tasks);
  }
  EnvironmentInfo info{std::move(name), files.version, files.data_sha256, false};
  return std::make_shared<NativeDesk>(std::move(info), desk, rules, std::move(files), std::move(tools),
                                      std::move(tasks));
}

const Desk* FindDesk(std::string_view name) {
  const NamedDesk* named = FindNamed(name);
  return named == nullptr ? nullptr : named->desk;
}

std::vector<std::string> DeskNames() {
  std::vector<std::string> names;
  for (const NamedDesk& desk : kDesks) names.emplace_back(desk.name);
  return names;
}

Expected<DeskFiles> ReadDesk(std::string_view name, const std::string& data) {
  const NamedDesk* named = FindNamed(name);
  if (named == nullptr) return UserError(fmt::format("there is no desk `{}`", name), "environment.name");
  return named->bundled ? ReadBundledDesk(*named->desk) : ReadBenchmarkDesk(name, *named->desk, data);
}

namespace {

Expected<std::shared_ptr<const EnvironmentSource>> OpenDesk(std::string_view name, const DeskSettings& settings) {
  TRY_ASSIGN(auto files, ReadDesk(name, settings.data));
  const NamedDesk& named = *FindNamed(name);
  return MakeDeskSource(std::string(name), *named.desk, named.rules(), std::move(files), settings.split.value_or(""),
                        settings.tasks_file.value_or(""));
}

}  // namespace

Expected<std::shared_ptr<const EnvironmentSource>> OpenDesk(std::string_view name, const Json& options) {
  return OpenDesk(name, kBenchmarkOptions.Read(options));
}

std::vector<EnvironmentEntry> DeskEntries() {
  std::vector<EnvironmentEntry> entries;
  for (const NamedDesk& desk : kDesks) {
    const auto open = [name = desk.name](const DeskSettings& settings) { return OpenDesk(name, settings); };
    entries.push_back(EnvironmentEntry::Of({.name = std::string(desk.name), .summary = std::string(desk.summary)},
                                           desk.bundled ? kBundledOptions : kBenchmarkOptions, open));
  }
  return entries;
}

}  // namespace xsweep
