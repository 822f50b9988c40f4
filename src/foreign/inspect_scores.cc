// Scores of Inspect's samples: verdicts by name.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/inspect_scores.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::string_view kAttackScores[] = {
    "security", "attack_success",    "attack_successful",    "attack_succeeded",
    "asr",      "injection_success", "injection_successful", "hijacked"};
constexpr std::string_view kTaskScores[] = {"utility", "task_success", "user_task_success", "task_completed"};

/// C, P, I and N as Inspect weighs them, but that no answer is no failed attack; NaN and what is no number are none.
std::optional<double> ScoreOf(const Json& value, bool of_attack) {
  if (value.is_bool()) return value.AsBool() ? 1 : 0;
  if (value.is_number()) return std::isfinite(value.AsDouble()) ? std::optional(value.AsDouble()) : std::nullopt;
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.AsString();
  if (text == "C") return 1;
  if (text == "P") return 0.5;
  if (text == "I" || (text == "N" && !of_attack)) return 0;
  const std::string lower = AsciiLower(text);
  if (lower == "yes" || lower == "true" || lower == "correct") return 1;
  if (lower == "no" || lower == "false" || lower == "incorrect") return 0;
  return ParseNumber(text);
}

bool IsOneOf(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, AsciiLower(name)) != names.end();
}

/// Scores by name: a score that is a mapping counts as its members.
std::vector<std::pair<std::string, std::optional<double>>> FlatScores(const Json* scores) {
  std::vector<std::pair<std::string, std::optional<double>>> flat;
  if (scores == nullptr || !scores->is_object()) return flat;
  for (const auto& [name, score] : scores->members()) {
    const Json* value = score.is_object() ? score.Find("value") : &score;
    if (value == nullptr) continue;
    const auto add = [&flat](const std::string& as, const Json& one) {
      flat.emplace_back(as, ScoreOf(one, IsOneOf(as, kAttackScores)));
    };
    if (!value->is_object()) {
      add(name, *value);
      continue;
    }
    for (const auto& [inner, part] : value->members()) add(inner, part);
  }
  return flat;
}

}  // namespace

void GradeByScores(const Json* scores, ForeignTrial& trial) {
  const auto flat = FlatScores(scores);
  std::optional<double> attack, task;
  bool unclear = false, contradicted = false;
  std::size_t others = 0;
  std::optional<double> other;
  for (const auto& [name, score] : flat) {
    if (IsOneOf(name, kAttackScores)) {
      contradicted = contradicted || (attack && score && *attack != *score);
      if (!attack) attack = score;
      unclear = unclear || !score || (*score != 0 && *score != 1);
    } else if (IsOneOf(name, kTaskScores)) {
      if (!task) task = score;
    } else if (others++ == 0) {
      other = score;
    }
  }
  if (!task) task = other;
  // No answer, a half and a sum say neither that it succeeded nor that it was resisted.
  if (unclear && trial.error.empty()) trial.error = "its verdict on the attack is neither yes nor no";
  if (contradicted && trial.error.empty()) trial.error = "its verdicts on the attack contradict each other";
  if (attack) trial.success = *attack >= 0.5;
  if (task && *task >= 0 && *task <= 1) trial.reward = task;
  if (trial.error.empty() && !attack && !task)
    trial.error = flat.empty() ? "the sample was not scored" : "its scores are no numbers";
}

}  // namespace xsweep
