// Payloads: filling placeholders.
// SPDX-License-Identifier: Apache-2.0
#include "parts/attacks/payload.h"

#include <optional>

#include <fmt/format.h>

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
  if (name == "model") return std::string(context.models.agent != nullptr ? context.models.agent->name() : "assistant");
  return std::nullopt;
}

}  // namespace

std::string FillPayload(std::string_view text, const TrialContext& context) {
  std::string filled;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    filled += text.substr(0, open);
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const std::size_t close = text.find('}');
    const auto value = close == std::string_view::npos ? std::nullopt : Value(text.substr(1, close - 1), context);
    filled += value ? std::string_view(*value) : text.substr(0, 1);
    text.remove_prefix(value ? close + 1 : 1);
  }
  return filled;
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
