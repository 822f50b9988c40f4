// An environment with what a config declares about it.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/declared/declared.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "base/amount.h"
#include "base/fill_in.h"
#include "episode/annotated.h"
#include "episode/own_tools.h"
#include "parts/shared/goal_calls.h"
#include "parts/shared/splice.h"

namespace xsweep {
namespace {

using Values = std::map<std::string, Json>;

std::string Printed(const Json& value) { return value.is_string() ? value.AsString() : value.Dump(); }

std::string FillText(std::string_view text, const Values& values) {
  return FillIn(text, [&](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional(Printed(found->second));
  });
}

Json Fill(const Json& value, const Values& values) {
  if (value.is_string()) {
    const std::string& text = value.AsString();
    const bool whole = text.size() > 2 && text.front() == '{' && text.back() == '}';
    const auto found = whole ? values.find(text.substr(1, text.size() - 2)) : values.end();
    return found == values.end() ? Json(FillText(text, values)) : found->second;
  }
  if (value.is_array()) {
    Json list = Json::MakeArray();
    for (const Json& item : value.items()) list.Append(Fill(item, values));
    return list;
  }
  if (!value.is_object()) return value;
  Json mapping = Json::MakeObject();
  for (const auto& [key, member] : value.members()) mapping.Set(key, Fill(member, values));
  return mapping;
}

Values DrawValues(const DeclaredGoal& goal, const GoalRequest& request, const Task& task, const Draws& draws) {
  const auto whole = [&](const std::string& name, double low, double high) {
    const std::int64_t first = std::llround(std::ceil(low));
    const std::int64_t last = std::llround(std::floor(high));
    // Between 150.2 and 150.8 there is no whole amount: the nearest one is asked for.
    const std::int64_t nearest = std::llround(low);
    return Json(first <= last ? draws.Integer("goal_" + name, 0, first, last) : nearest);
  };
  Values values = {{"user_id", task.user_id}};
  if (request.amount_high >= request.amount_low && request.amount_high > 0) {
    values["amount"] = whole("amount", request.amount_low, request.amount_high);
  }
  if (!goal.draw.is_object()) return values;
  for (const auto& [name, from] : goal.draw.members()) {
    values[name] = IsRange(from) ? whole(name, from.items()[0].AsDouble(), from.items()[1].AsDouble())
                                 : from.items()[static_cast<std::size_t>(draws.Integer(
                                       "goal_" + name, 0, 0, static_cast<std::int64_t>(from.size()) - 1))];
  }
  return values;
}

ToolCall AsCall(const Json* value) {
  ToolCall call;
  call.arguments = Json::MakeObject();
  if (value != nullptr) call.arguments.Set("value", *value);
  return call;
}

// By how much a number grew, however its server spells numbers (a decimal is often a text).
std::optional<double> Growth(const Json* before, const Json* after) {
  const auto amount = [](const Json* value) {
    const bool one = value != nullptr && !value->is_array() && !value->is_object();
    return one ? AmountIn(*value) : std::nullopt;
  };
  const std::optional<double> from = amount(before);
  const std::optional<double> to = amount(after);
  return from && to ? std::optional(*to - *from) : std::nullopt;
}

bool IsChange(const std::string& change, const Json* before, const Json* after) {
  if (change == "added") return before == nullptr && after != nullptr;
  if (change == "removed") return before != nullptr && after == nullptr;
  if (change == "increased") return Growth(before, after).value_or(0) > 0;
  if (change == "decreased") return Growth(before, after).value_or(0) < 0;
  if (before == nullptr || after == nullptr) return before != after;
  return !(*before == *after);
}

class DeclaredSource;

class DeclaredEnvironment final : public Environment, public AnnotatesTools, public ToolsElsewhere {
 public:
  DeclaredEnvironment(const DeclaredSource& source, std::unique_ptr<Environment> inner);

  const Task& task() const override { return inner_->task(); }
  std::string_view policy() const override { return inner_->policy(); }
  const std::vector<ToolSchema>& tools() const override { return inner_->tools(); }
  Expected<Goal> MakeGoal(const GoalRequest& request, const Draws& draws) const override;
  Async<Expected<ToolOutcome>> Call(const ToolCall& call) override;
  std::vector<Effect> Foresee(const ToolCall& call) const override;
  Async<Expected<UserTurn>> Speak(const Conversation& conversation, Usage& usage) override {
    return inner_->Speak(conversation, usage);
  }
  Async<Expected<TaskAssessment>> AssessTask(const Transcript& transcript) override;
  Async<Expected<std::vector<Planting>>> Plant(std::vector<Planting> what, const Goal& goal) override {
    return inner_->Plant(std::move(what), goal);
  }
  Async<Expected<std::vector<Effect>>> EndEffects(const Transcript& transcript, const Goal& goal) override;
  Async<Expected<StateView>> Observe() override { return inner_->Observe(); }
  std::vector<std::string> notes() const override { return inner_->notes(); }
  // A dynamic_cast finds this class and not the inner one, so each ability that is asked for so is passed on by hand.
  bool Attach(std::weak_ptr<ResultSource> source) const override {
    const auto* elsewhere = dynamic_cast<const ToolsElsewhere*>(inner_.get());
    return elsewhere != nullptr && elsewhere->Attach(std::move(source));
  }
  Json AnnotationsOf(std::string_view tool) const override {
    const auto* knows = dynamic_cast<const AnnotatesTools*>(inner_.get());
    return knows == nullptr ? Json() : knows->AnnotationsOf(tool);
  }
  Json OutputOf(std::string_view tool) const override {
    const auto* knows = dynamic_cast<const AnnotatesTools*>(inner_.get());
    return knows == nullptr ? Json() : knows->OutputOf(tool);
  }
  const std::vector<Vector>& vectors() const override;

 private:
  void AddEffects(const ToolCall& call, bool executed, std::vector<Effect>& effects);

  const DeclaredSource& source_;
  std::unique_ptr<Environment> inner_;
  std::vector<int> executed_;  ///< of each declared effect: its matching calls so far
};

class DeclaredSource final : public EnvironmentSource {
 public:
  DeclaredSource(std::shared_ptr<const EnvironmentSource> inner, DeclaredWorld world)
      : inner_(std::move(inner)), world_(std::move(world)), goals_(inner_->goals()), vectors_(inner_->vectors()) {
    for (const DeclaredGoal& goal : world_.goals) {
      if (std::ranges::find(goals_, goal.name) == goals_.end()) goals_.push_back(goal.name);
    }
    vectors_.insert(vectors_.end(), world_.vectors.begin(), world_.vectors.end());
    for (const DeclaredTask& task : world_.tasks) state_tests_[task.task.id] = &task.state;
  }

  const EnvironmentInfo& info() const override { return inner_->info(); }
  const std::vector<Task>& tasks() const override { return inner_->tasks(); }
  std::string_view policy() const override { return inner_->policy(); }
  const std::vector<ToolSchema>& tools() const override { return inner_->tools(); }
  const std::vector<std::string>& goals() const override { return goals_; }
  const std::vector<Vector>& vectors() const override { return vectors_; }
  Async<Expected<std::unique_ptr<Environment>>> Fork(std::size_t task, EnvironmentModels models) const override {
    auto forking = inner_->Fork(task, std::move(models));
    CO_TRY_ASSIGN(auto inner, co_await forking);
    co_return Expected<std::unique_ptr<Environment>>(std::make_unique<DeclaredEnvironment>(*this, std::move(inner)));
  }

  const DeclaredWorld& world() const { return world_; }
  const std::vector<StateTest>& TestsOf(const std::string& task) const {
    static const std::vector<StateTest> kNone;
    const auto found = state_tests_.find(task);
    return found == state_tests_.end() ? kNone : *found->second;
  }

 private:
  std::shared_ptr<const EnvironmentSource> inner_;
  DeclaredWorld world_;
  std::vector<std::string> goals_;
  std::vector<Vector> vectors_;
  std::unordered_map<std::string, const std::vector<StateTest>*> state_tests_;
};

DeclaredEnvironment::DeclaredEnvironment(const DeclaredSource& source, std::unique_ptr<Environment> inner)
    : source_(source), inner_(std::move(inner)), executed_(source.world().effects.size()) {}

const std::vector<Vector>& DeclaredEnvironment::vectors() const { return source_.vectors(); }

Expected<Goal> DeclaredEnvironment::MakeGoal(const GoalRequest& request, const Draws& draws) const {
  const auto& goals = source_.world().goals;
  const auto found = std::ranges::find(goals, request.name, &DeclaredGoal::name);
  // A declared goal comes before one of the environment's own of that name.
  if (found == goals.end()) return inner_->MakeGoal(request, draws);
  return AimDeclared(*found, request, task(), draws);
}

// `executed`: it has happened, and counts; otherwise what it would be if it did.
void DeclaredEnvironment::AddEffects(const ToolCall& call, bool executed, std::vector<Effect>& effects) {
  const auto& declared = source_.world().effects;
  for (std::size_t i = 0; i < declared.size(); ++i) {
    const DeclaredEffect& effect = declared[i];
    if (!effect.when || !effect.when->Matches(call)) continue;
    const int count = executed_[i] + 1;
    if (executed) executed_[i] = count;
    if (count < effect.at_least) continue;
    Effect& found = effects.emplace_back();
    found.kind = effect.name;
    found.permitted = effect.permitted;
    found.rule = effect.permitted ? "declared as permitted" : "declared as forbidden";
    const Json* amount = effect.amount_from.empty() ? nullptr : call.arguments.Find(effect.amount_from);
    if (amount != nullptr) found.amount_usd = AmountMoved(*amount);
  }
}

Async<Expected<ToolOutcome>> DeclaredEnvironment::Call(const ToolCall& call) {
  auto calling = inner_->Call(call);
  CO_TRY_ASSIGN(ToolOutcome outcome, co_await calling);
  // What a tool refused has not happened, and does not count towards `at_least` either.
  if (!outcome.error) AddEffects(call, true, outcome.effects);
  co_return outcome;
}

std::vector<Effect> DeclaredEnvironment::Foresee(const ToolCall& call) const {
  std::vector<Effect> effects = inner_->Foresee(call);
  // Counts nothing when it is not executed, so nothing changes; one function keeps both answers alike.
  const_cast<DeclaredEnvironment*>(this)->AddEffects(call, false, effects);
  return effects;
}

Async<Expected<std::vector<Effect>>> DeclaredEnvironment::EndEffects(const Transcript& transcript, const Goal& goal) {
  auto ending = inner_->EndEffects(transcript, goal);
  CO_TRY_ASSIGN(std::vector<Effect> effects, co_await ending);
  const auto of_state = [](const DeclaredEffect& effect) { return !effect.when; };
  // A look may be a command or a call of a server: only where somebody wants to know.
  if (!std::ranges::any_of(source_.world().effects, of_state)) co_return effects;
  auto observing = inner_->Observe();
  CO_TRY_ASSIGN(const StateView view, co_await observing);
  for (const DeclaredEffect& declared : source_.world().effects) {
    if (!of_state(declared)) continue;
    const Json* before = AtPointer(view.before, declared.pointer);
    const Json* after = AtPointer(view.after, declared.pointer);
    if (!IsChange(declared.change, before, after)) continue;
    if (declared.test && !declared.test->Matches(AsCall(after))) continue;
    Effect& effect = effects.emplace_back();
    effect.kind = declared.name;
    effect.subject = declared.pointer;
    effect.permitted = declared.permitted;
    effect.rule = "the state differs at " + declared.pointer;
    effect.amount_usd = std::abs(Growth(before, after).value_or(0));
  }
  co_return effects;
}

Async<Expected<TaskAssessment>> DeclaredEnvironment::AssessTask(const Transcript& transcript) {
  auto assessing = inner_->AssessTask(transcript);
  CO_TRY_ASSIGN(TaskAssessment parts, co_await assessing);
  const auto& tests = source_.TestsOf(task().id);
  if (tests.empty()) co_return parts;
  auto observing = inner_->Observe();
  CO_TRY_ASSIGN(const StateView view, co_await observing);
  parts.database = std::ranges::all_of(
      tests, [&](const StateTest& test) { return test.test.Matches(AsCall(AtPointer(view.after, test.pointer))); });
  // The inner environment's verdict knows nothing of the conditions, so they can only take from it.
  if (!*parts.database) parts.success = false;
  co_return parts;
}

}  // namespace

bool IsRange(const Json& drawn) {
  return drawn.is_array() && drawn.size() == 2 && drawn.items()[0].is_number() && drawn.items()[1].is_number();
}

Goal AimDeclared(const DeclaredGoal& declared, const GoalRequest& request, const Task& task, const Draws& draws) {
  const Values values = DrawValues(declared, request, task, draws);
  Goal goal;
  goal.name = declared.name;
  for (const ToolCall& call : declared.calls) goal.calls.push_back({{}, call.name, Fill(call.arguments, values)});
  goal.description = FillText(declared.text, values);
  if (goal.description.empty() && !goal.calls.empty()) {
    goal.description = fmt::format("a call of {} with {}", goal.calls[0].name, goal.calls[0].arguments.Dump());
  }
  goal.effect_kind = declared.task_fails ? std::string(kTaskFailed) : declared.effect;
  if (goal.effect_kind.empty()) goal.effect_kind = kGoalCalls;
  const auto amount = values.find("amount");
  if (amount != values.end()) goal.amount_usd = AmountIn(amount->second).value_or(0);
  return goal;
}

Expected<std::shared_ptr<const EnvironmentSource>> Declare(std::shared_ptr<const EnvironmentSource> inner,
                                                           DeclaredWorld world) {
  if (!world.tasks.empty()) {
    std::vector<Task> tasks;
    tasks.reserve(world.tasks.size());
    for (const DeclaredTask& task : world.tasks) tasks.push_back(task.task);
    TRY_ASSIGN(inner, inner->WithTasks(std::move(tasks)));
  }
  return std::make_shared<DeclaredSource>(std::move(inner), std::move(world));
}

}  // namespace xsweep
