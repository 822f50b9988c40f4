// Payloads: texts with placeholders, and the options that all attacks share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "episode/catalog.h"

namespace xsweep {

/// `text` with its placeholders filled in, in one pass, so that a value that looks like a placeholder stays as it is.
/// Known are {goal} (in the attacker's words), {amount} (no trailing zeros), {user_id}, {tool} and {arguments} (of the
/// goal's first call; arguments as JSON), {steps} (all calls of the goal, numbered) and {model}. Any other brace is
/// left alone.
std::string FillPayload(std::string_view text, const TrialContext& context);

/// Whether `text` says what is asked for: holds {goal}, {tool}, {arguments} or {steps}.
bool NamesGoal(std::string_view text);

/// What the attack aims at: a base of the settings of all attacks.
struct GoalSettings {
  std::string goal = "unearned_certificate";
  NumberRange amount = {.low = 150, .high = 369};
};
inline const Options<GoalSettings> kGoalOptions = {
    Opt("goal", &GoalSettings::goal, "What the attacker wants; the environment knows the names."),
    Opt("amount", &GoalSettings::amount, "Range in USD from which each trial draws the amount that is asked for.",
        {.minimum = 0, .maximum = 1e15})};
/// Of the attacks that try again: the help of their option `stop_at_success`.
inline constexpr std::string_view kStopHelp =
    "Whether it says no more once a try has succeeded, where the judge can tell before the end.";
GoalRequest ReadGoal(const GoalSettings& settings);

}  // namespace xsweep
