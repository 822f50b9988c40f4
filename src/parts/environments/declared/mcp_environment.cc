// mcp: foreign MCP servers as an environment.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/declared/mcp_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "base/text.h"
#include "episode/annotated.h"
#include "parts/environments/declared/known.h"
#include "parts/environments/declared/mcp_world.h"
#include "parts/environments/reward.h"
#include "parts/environments/simulated_user.h"

namespace xsweep {
namespace {

const Options<McpSettings> kMcpOptions = {
    Opt("servers", &McpSettings::servers,
        "{NAME: {command: [program, argument]}} or {NAME: {url: ADDRESS}}; beside that env, headers ($NAME is read "
        "from the environment), directory, prefix.",
        {.required = true, .type = OptionType::kMapping}),
    Opt("files", &McpSettings::files,
        "A directory that every trial gets a copy of: its servers start in it, `{dir}` in a command is its path."),
    Opt("reset", &McpSettings::reset,
        "Shares the servers between trials, one at a time, and brings them back before each: {tool: NAME, arguments}, "
        "{command: [...]} or `none` where nothing lasts. Without it servers are started for each trial."),
    Opt("probe", &McpSettings::probe,
        "A look at the state before and after: {tool: NAME, arguments}, {command: [...]} or {files: true}; `ignore` "
        "lists JSON pointers that change by themselves.",
        {.type = OptionType::kMapping}),
    Opt("policy", &McpSettings::policy, "The agent's system prompt; without one, what the servers say of themselves."),
    Opt("timeout", &McpSettings::timeout, "Seconds that a start or one answer may take.",
        {.minimum = 0.01, .maximum = 86400}),
};

/// What the servers offered when the run began.
struct McpFacts {
  EnvironmentInfo info;
  std::string policy;
  std::vector<ToolSchema> tools;
  std::map<std::string, Json, std::less<>> whole;  ///< by tool, as its server lists it
  std::string tools_as_listed;
};

// In an order of our own: a server that keeps its tools in a hash map lists them in another one every time.
std::string ListedOf(const ServerSet& servers) {
  std::vector<std::string> listed;
  for (const ServerTool& tool : servers.tools()) listed.push_back(tool.whole.Dump());
  std::ranges::sort(listed);
  return Join(listed, "\n");
}

class McpSource;

class McpEnvironment final : public Environment, public AnnotatesTools {
 public:
  McpEnvironment(const McpSource& source, const DeskTask& task, McpWorld::Lease lease, Json before,
                 EnvironmentModels models);
  ~McpEnvironment() override;

  const Task& task() const override { return task_.task; }
  std::string_view policy() const override;
  const std::vector<ToolSchema>& tools() const override;
  Expected<Goal> MakeGoal(const GoalRequest& request, const Draws& /*draws*/) const override {
    return UserError(fmt::format("no goal is called `{}`; declare it under `goals:`", request.name), "attack.goal");
  }
  Async<Expected<ToolOutcome>> Call(const ToolCall& call) override;
  std::vector<Effect> Foresee(const ToolCall& /*call*/) const override { return {}; }
  Async<Expected<UserTurn>> Speak(const Conversation& conversation, Usage& usage) override {
    return user_.Speak(conversation, usage);
  }
  Async<Expected<TaskAssessment>> AssessTask(const Transcript& transcript) override;
  Async<Expected<StateView>> Observe() override;
  std::vector<std::string> notes() const override { return lease_.servers->notes(); }
  Json AnnotationsOf(std::string_view tool) const override { return Said(tool, "annotations"); }
  Json OutputOf(std::string_view tool) const override { return Said(tool, "outputSchema"); }

 private:
  Json Said(std::string_view tool, std::string_view what) const;

  const McpSource& source_;
  const DeskTask& task_;
  McpWorld::Lease lease_;
  const Json before_;
  std::optional<Json> after_;  // of the state since the last call
  EnvironmentModels models_;
  const std::string guidelines_;
  SimulatedUser user_;
  bool sound_ = true;
};

class McpSource final : public EnvironmentSource, public MayHideState {
 public:
  McpSource(std::shared_ptr<McpWorld> world, McpFacts facts, std::vector<DeskTask> tasks)
      : world_(std::move(world)), facts_(std::move(facts)), placed_(std::move(tasks)) {
    for (const DeskTask& task : placed_) tasks_.push_back(task.task);
  }
  const EnvironmentInfo& info() const override { return facts_.info; }
  const std::vector<Task>& tasks() const override { return tasks_; }
  std::string_view policy() const override { return facts_.policy; }
  const std::vector<ToolSchema>& tools() const override { return facts_.tools; }
  const std::vector<std::string>& goals() const override { return no_goals_; }
  bool shows_state() const override { return world_->looks(); }

  Async<Expected<std::unique_ptr<Environment>>> Fork(std::size_t task, EnvironmentModels models) const override {
    CHECK(task < placed_.size(), "a fork was asked for a task that is not there");
    auto taking = world_->Take();
    auto taken = co_await taking;
    if (!taken) co_return std::unexpected(AsEpisode(std::move(taken).error()));
    // What run.json says of the environment are the tools of the first look: with others a trial is not of this run.
    if (ListedOf(*taken->servers) != facts_.tools_as_listed) {
      world_->Return(false);
      co_return EpisodeError("the servers offer other tools than when the run began", "environment mcp");
    }
    Json before;
    // Now or never: after the reset, and before the first call.
    if (world_->looks()) {
      auto looking = world_->Look(*taken);
      auto seen = co_await looking;
      if (!seen) {
        world_->Return(false);
        co_return std::unexpected(AsEpisode(std::move(seen).error()));
      }
      before = std::move(*seen);
    }
    co_return Expected<std::unique_ptr<Environment>>(std::make_unique<McpEnvironment>(
        *this, placed_[task], std::move(*taken), std::move(before), std::move(models)));
  }

  Expected<std::shared_ptr<const EnvironmentSource>> WithTasks(std::vector<Task> tasks) const override {
    std::vector<DeskTask> placed;
    for (Task& task : tasks) {
      if (task.reward_basis.empty()) task.reward_basis = {"ACTION", "COMMUNICATE"};
      const bool by_calls = std::ranges::find(task.reward_basis, "ACTION") != task.reward_basis.end();
      // Where the state or a judge decides it stays unknown, unless the agent had something to say.
      if (by_calls) task.solved_by_nothing = task.reference_actions.empty() && task.communicate.empty();
      if (!task.communicate.empty()) task.solved_by_nothing = false;
      std::string scenario = task.instruction;
      placed.push_back({std::move(task), std::move(scenario)});
    }
    return std::make_shared<McpSource>(world_, facts_, std::move(placed));
  }
  McpWorld& world() const { return *world_; }
  const McpFacts& facts() const { return facts_; }

 private:
  static Error AsEpisode(Error error) {
    // In the middle of a run a server that does not start costs its trial; only at the opening must the user mend it.
    if (error.kind == ErrorKind::kWorld || error.kind == ErrorKind::kUser) error.kind = ErrorKind::kEpisode;
    return error;
  }

  std::shared_ptr<McpWorld> world_;
  McpFacts facts_;
  std::vector<DeskTask> placed_;
  std::vector<Task> tasks_;
  std::vector<std::string> no_goals_;
};

McpEnvironment::McpEnvironment(const McpSource& source, const DeskTask& task, McpWorld::Lease lease, Json before,
                               EnvironmentModels models)
    : source_(source),
      task_(task),
      lease_(std::move(lease)),
      before_(std::move(before)),
      models_(std::move(models)),
      user_(task_, guidelines_, models_) {}

McpEnvironment::~McpEnvironment() { source_.world().Return(sound_); }

std::string_view McpEnvironment::policy() const { return source_.policy(); }
const std::vector<ToolSchema>& McpEnvironment::tools() const { return source_.tools(); }

Json McpEnvironment::Said(std::string_view tool, std::string_view what) const {
  const auto& known = source_.facts().whole;
  const auto found = known.find(tool);
  const Json* said = found == known.end() ? nullptr : found->second.Find(what);
  return said == nullptr ? Json() : *said;
}

Async<Expected<ToolOutcome>> McpEnvironment::Call(const ToolCall& call) {
  // Also where the call fails: nobody knows what it has changed by then.
  after_.reset();
  // No agent is shown it, but one may guess it, and would wipe out what it has done.
  if (call.name == source_.world().reset_tool()) {
    co_return ToolOutcome{.content = "Error: there is no tool `" + call.name + "`", .error = true, .effects = {}};
  }
  auto calling = lease_.servers->Call(call.name, call.arguments);
  auto answer = co_await calling;
  if (!answer) {
    // It may still be at work on this call when the next trial comes.
    sound_ = false;
    co_return std::unexpected(std::move(answer).error());
  }
  ToolOutcome outcome;
  outcome.content = std::move(answer->text);
  outcome.structured = std::move(answer->structured);
  outcome.error = answer->error;
  co_return outcome;
}

Async<Expected<StateView>> McpEnvironment::Observe() {
  if (!source_.world().looks()) co_return StateView();
  if (!after_) {
    auto looking = source_.world().Look(lease_);
    auto seen = co_await looking;
    if (!seen) {
      sound_ = false;
      co_return std::unexpected(std::move(seen).error());
    }
    after_ = std::move(*seen);
  }
  co_return StateView{before_, *after_};
}

Async<Expected<TaskAssessment>> McpEnvironment::AssessTask(const Transcript& transcript) {
  TaskAssessment parts;
  auto observing = Observe();
  CO_TRY_ASSIGN(const StateView view, co_await observing);
  parts.state_difference = StateDifferences(view.before, view.after, source_.world().probe().ignore);
  parts.communicated = Communicated(task(), transcript);
  parts.actions = ActionsTaken(task(), transcript);
  const bool asks = std::ranges::find(task().reward_basis, "NL_ASSERTION") != task().reward_basis.end();
  if (asks) {
    auto assessing = AssessAssertions(task(), transcript, models_, parts.usage);
    CO_TRY_ASSIGN(parts.nl_assertions, co_await assessing);
  }
  parts.success = CutByLimit(transcript.stop) ? std::optional(false) : CombineReward(task(), parts);
  co_return parts;
}

Status CheckSettings(const McpSettings& settings, const std::vector<ServerSpec>& specs, const ProbeSpec& probe) {
  const bool none = settings.reset.is_string() && settings.reset.AsString() == "none";
  const bool does = settings.reset.Find("tool") != nullptr || settings.reset.Find("command") != nullptr;
  if (!settings.reset.is_null() && !none && !does) {
    return UserError("`reset` is {tool: NAME}, {command: [...]} or `none`", "environment.reset");
  }
  const bool by_url = std::ranges::any_of(specs, [](const ServerSpec& spec) { return !spec.url.empty(); });
  if (by_url && settings.reset.is_null()) {
    return UserError(
        "a server at a `url` is shared by all trials: say with `reset` how it is brought back before each, "
        "or `reset: none` where nothing lasts",
        "environment.reset");
  }
  std::error_code failed;
  if (!settings.files.empty() && !std::filesystem::is_directory(settings.files, failed)) {
    return UserError("there is no such directory: " + settings.files, "environment.files");
  }
  if (probe.files && settings.files.empty()) {
    return UserError("`files: true` looks at the trial's directory; set `files` of the environment",
                     "environment.probe");
  }
  return {};
}

Status CheckToolIsThere(const ServerSet& servers, const std::string& named, std::string_view where) {
  std::vector<std::string> names;
  for (const ServerTool& tool : servers.tools()) names.push_back(tool.schema.name);
  if (named.empty() || std::ranges::find(names, named) != names.end()) return {};
  return UserError(fmt::format("there is no tool `{}`{}", named, DidYouMean(named, names)), std::string(where));
}

Expected<std::shared_ptr<const EnvironmentSource>> OpenMcp(const McpSettings& settings) {
  TRY_ASSIGN(std::vector<ServerSpec> specs, ReadServers(settings.servers));
  TRY_ASSIGN(ProbeSpec probe, ReadProbe(settings.probe));
  TRY(CheckSettings(settings, specs, probe));
  auto world = std::make_shared<McpWorld>(std::move(specs), std::move(probe), settings);
  // Only to learn what they offer: these end with this function.
  auto started = RunNow(world->Start());
  if (!started) return UserError(started.error().message, started.error().where);
  const ServerSet& servers = *started->servers;
  McpFacts facts;
  for (const ServerTool& tool : servers.tools()) {
    if (tool.schema.name == world->reset_tool()) continue;
    facts.tools.push_back(tool.schema);
    facts.whole[tool.schema.name] = tool.whole;
  }
  facts.tools_as_listed = ListedOf(servers);
  facts.info = {"mcp", servers.versions(), ShortHash(facts.tools_as_listed), false};
  facts.policy = settings.policy.empty() ? servers.instructions() : settings.policy;
  TRY(CheckToolIsThere(servers, world->probe().tool, "environment.probe"));
  TRY(CheckToolIsThere(servers, std::string(world->reset_tool()), "environment.reset"));
  // For `env call` and its like: a run without declared tasks is refused when its config is checked.
  std::vector<DeskTask> by_hand(1);
  by_hand.front().task.id = "by_hand";
  return std::make_shared<McpSource>(std::move(world), std::move(facts), std::move(by_hand));
}

}  // namespace

EnvironmentEntry McpEntry() {
  return EnvironmentEntry::Of(
      {.name = "mcp", .summary = "foreign MCP servers, with tasks, goals and vectors that the config declares"},
      kMcpOptions, OpenMcp);
}

}  // namespace xsweep
