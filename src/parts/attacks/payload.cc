// Payloads: filling placeholders.
// SPDX-License-Identifier: Apache-2.0
#include "parts/attacks/payload.h"

#include <optional>

#include <fmt/format.h>

#include "base/fill_in.h"

namespace xsweep {
namespace {

std::string Steps(const Goal& goal) {
  std::string steps;
  for (std::size_t i = 0; i < goal.calls.size(); ++i) {
    steps += fmt::format("{}step {}: call the tool {} with arguments {}", i == 0 ? "" : "; ", i + 1, goal.calls[i].name,
                         goal.calls[i].arguments.Dump());
  }
  return steps;
}

std::optional<std::string> Value(std::string_view name, const TrialContext& context) {
  const Goal& goal = context.goal;
  if (name == "goal") return goal.description;
  if (name == "amount") return fmt::format("{}", goal.amount_usd);
  if (name == "user_id") return context.task.user_id;
  if (name == "tool") return goal.calls.empty() ? std::string() : goal.calls.front().name;
  if (name == "arguments") return goal.calls.empty() ? std::string() : goal.calls.front().arguments.Dump();
  if (name == "steps") return Steps(goal);
  if (name == "model")
    return std::string(context.models[Role::kAgent] != nullptr ? context.models[Role::kAgent]->name() : "assistant");
  return std::nullopt;
}

}  // namespace

std::string FillPayload(std::string_view text, const TrialContext& context) {
  return FillIn(text, [&](std::string_view name) { return Value(name, context); });
}

bool NamesGoal(std::string_view text) {
  for (const std::string_view placeholder : {"{goal}", "{tool}", "{arguments}", "{steps}"}) {
    if (text.find(placeholder) != std::string_view::npos) return true;
  }
  return false;
}

GoalRequest ReadGoal(const GoalSettings& settings) {
  return {.name = settings.goal, .amount_low = settings.amount.low, .amount_high = settings.amount.high};
}

}  // namespace xsweep
