// ModelSeats: the trials of an experiment as models.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/model_seats.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::string_view kTrial = "/trial/";

}  // namespace

/// What an agent on a seat refers to.
struct ModelSeats::Seat {
  std::unique_ptr<Environment> world;
  Goal goal;
};

Expected<std::unique_ptr<ModelSeats>> ModelSeats::Open(const Experiment& experiment) {
  std::unique_ptr<ModelSeats> seats(new ModelSeats(experiment));
  for (const Cell& cell : experiment.plan.cells()) {
    CellParts parts;
    TRY_ASSIGN(parts.agent, experiment.catalog.PrepareAgent(cell.agent.name, cell.agent.options));
    TRY_ASSIGN(AttackPlan attack, experiment.catalog.PrepareAttack(cell.attack.name, cell.attack.options));
    parts.goal = GoalHere(attack, *experiment.environment);
    seats->cells_.push_back(std::move(parts));
  }
  return seats;
}

std::size_t ModelSeats::PlaceOf(const TrialIdentity& identity) const {
  const auto& tasks = experiment_.environment->tasks();
  const auto found = std::ranges::find(tasks, experiment_.plan.tasks()[identity.task], &Task::id);
  CHECK(found != tasks.end(), "a planned task is not in the environment");
  return static_cast<std::size_t>(found - tasks.begin());
}

Expected<std::shared_ptr<SeatedModel>> ModelSeats::At(std::uint64_t index) const {
  if (index >= size()) return UserError(fmt::format("there are {} trials, from 0 on", size()), "trial");
  const TrialIdentity identity = experiment_.plan.At(index);
  const CellParts& parts = cells_[identity.cell];
  const std::size_t place = PlaceOf(identity);
  const std::string& task = experiment_.plan.tasks()[identity.task];
  const std::string cell = experiment_.plan.cells()[identity.cell].id;
  PlayMaker make = [this, &parts, place, identity, cell]() -> Expected<Played> {
    const auto seat = std::make_shared<Seat>();
    TRY_ASSIGN(seat->world, RunNow(experiment_.environment->Fork(place, {})));
    const Draws draws(identity.seed, seat->world->task().id, identity.trial);
    if (!parts.goal.name.empty()) {
      TRY_ASSIGN(seat->goal, seat->world->MakeGoal(parts.goal, draws));
    }
    const CallIdentity caller{cell, seat->world->task().id, identity.seed, identity.trial, Role::kAgent, 0};
    const TrialContext context{seat->world->task(), seat->goal, *seat->world, draws, {}, caller, {}};
    Played played{.held = seat, .shadow = seat->world.get(), .agent = parts.agent(context)};
    return played;
  };
  const std::string seed = fmt::format("{}\n{}\n{}\n{}", cell, task, identity.seed, identity.trial);
  return std::make_shared<SeatedModel>(seed, experiment_.environment->tools(), std::move(make), false);
}

Expected<std::uint64_t> ModelSeats::FindByWords(const ModelAsk& ask) const {
  for (std::uint64_t i = 0; i < experiment_.plan.tasks().size(); ++i) {
    const std::uint64_t index = i * experiment_.plan.seeds().size() * experiment_.plan.trials();
    const Task& task = experiment_.environment->tasks()[PlaceOf(experiment_.plan.At(index))];
    if (task.instruction.empty()) continue;
    for (const Message& message : ask.messages)
      if (message.speaker == Speaker::kUser && message.text.find(task.instruction) != std::string::npos) return index;
  }
  return UserError("the user of this dialogue says the words of no task of this config; ask at /trial/INDEX/v1");
}

Expected<Json> ModelSeats::Describe(std::uint64_t index, const std::string& address) const {
  if (index >= size()) return UserError(fmt::format("there are {} trials, from 0 on", size()), "trial");
  const TrialIdentity identity = experiment_.plan.At(index);
  const Task& task = experiment_.environment->tasks()[PlaceOf(identity)];
  const std::string base = fmt::format("{}/trial/{}", address, index);
  Json tools = Json::MakeArray();
  for (const ToolSchema& tool : experiment_.environment->tools())
    tools.Append(
        Json::MakeObject({{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}}));
  return Json::MakeObject({{"trial", index},
                           {"trials", size()},
                           {"cell", experiment_.plan.cells()[identity.cell].id},
                           {"task", task.id},
                           {"seed", identity.seed},
                           {"repetition", identity.trial},
                           {"openai_base_url", base + "/v1"},
                           {"anthropic_base_url", base},
                           {"prompt", task.instruction},
                           {"policy", experiment_.environment->policy()},
                           {"tools", std::move(tools)}});
}

std::shared_ptr<ModelHost> HostSeats(const ModelSeats& seats, std::string address) {
  const auto number = [](std::string& rest) -> std::optional<std::uint64_t> {
    if (!rest.starts_with(kTrial)) return std::nullopt;
    const std::size_t end = std::min(rest.find('/', kTrial.size()), rest.size());
    const auto index = ParseUnsigned(std::string_view(rest).substr(kTrial.size(), end - kTrial.size()));
    if (index) rest.erase(0, end);
    return index;
  };
  FindSeat find = [&seats, number](std::string& rest, const ModelAsk& ask) -> Expected<std::shared_ptr<SeatedModel>> {
    if (const auto index = number(rest)) return seats.At(*index);
    if (ask.aside()) return seats.At(0);
    TRY_ASSIGN(const std::uint64_t index, seats.FindByWords(ask));
    return seats.At(index);
  };
  DescribeAddress describe = [&seats, number, address = std::move(address)](const std::string& asked) -> Json {
    std::string rest = asked;
    const auto index = number(rest);
    if (!rest.empty() && rest != "/") return {};
    auto described = seats.Describe(index.value_or(0), address);
    return described ? std::move(*described) : Json();
  };
  return MakeSeatedHost("shim", std::move(find), std::move(describe));
}

}  // namespace xsweep
