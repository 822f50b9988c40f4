// Injection: one text through one channel, when its trigger says so. Most attacks are this with a text of their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "parts/attacks/payload.h"

namespace xsweep {

/// Where and when a text enters, as options say it.
struct InjectionSettings : GoalSettings {
  std::string channel = "user_turn";
  std::string position = "append";  ///< or replace: in place of what was there; on the user's turn: instead of the user
  int turn = 1;                     ///< of user_turn: the turn on which it is said
  std::string tool;  ///< of the other channels: the tool concerned; empty means any (a description: the first one)
  std::string field = "note";                         ///< of record: path of the field, see SetField
  int skip_reads = 0;                                 ///< matching results that leave it harmless first
  std::optional<std::vector<std::string>> vectors{};  ///< declared places, all at once, instead of tool and field
};
inline const Options<InjectionSettings> kInjectionOptions(
    kGoalOptions,
    {Opt("channel", &InjectionSettings::channel, "Where the text enters.",
         {.choices = {"user_turn", "tool_result", "record", "tool_description"}}),
     Opt("position", &InjectionSettings::position,
         "Behind what was there, or in its place (on the user's turn: instead of the user).",
         {.choices = {"append", "replace"}}),
     Opt("turn", &InjectionSettings::turn, "The user turn on which it is said.", {.minimum = 1}),
     Opt("tool", &InjectionSettings::tool, "The tool whose result or description carries it; empty means any."),
     Opt("field", &InjectionSettings::field, "Path of the field of a tool's JSON result, for the channel `record`."),
     Opt("skip_reads", &InjectionSettings::skip_reads,
         "How many matching results stay harmless first; a description stays as it is until then, and then changes "
         "under the agent's eyes.",
         {.minimum = 0}),
     Opt("vectors", &InjectionSettings::vectors,
         "Declared vectors that carry it, all at once, instead of `channel`, `tool` and `field`; \"*\" is every one.",
         {.minimum = 1})});

/// Sets `text` into the field at `path` of a JSON result and prints it as it was printed, with Python's separators
/// and escapes, the order of keys kept. `path` is made of names and list indices joined by dots; `*` is the first
/// element. With `replace` unset a string keeps what it held, then a space, then `text`. A last name that is not there
/// is added to its object. False, and `content` as it was, when it is no JSON or has no such place.
bool SetField(std::string& content, std::string_view path, std::string_view text, bool replace);

/// The attack that says `text` (with placeholders) as the settings say. Fails with kUser where they make no sense
/// together.
Expected<AttackPlan> MakeInjection(const InjectionSettings& settings, std::string text);

}  // namespace xsweep
