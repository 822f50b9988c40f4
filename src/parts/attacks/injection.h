// Injection: one text through one channel, when its trigger says so. Most attacks are this with a text of their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "parts/attacks/payload.h"

namespace xsweep {

/// Where and when a text enters.
struct InjectionPlan {
  std::string text;  ///< with placeholders
  Channel channel = Channel::kUserTurn;
  bool replace = false;  ///< put it in place of what was there; on the user's turn: speak instead of the user
  int turn = 1;          ///< of kUserTurn: the turn on which it is said
  std::string tool;      ///< of the other channels: the tool concerned; empty means any (a description: the first one)
  std::string field;     ///< of kRecord: path of the field, see SetField
  int skip_reads = 0;    ///< matching results that are left harmless first
};

/// Sets `text` into the field at `path` of a JSON result and prints it as it was printed, with Python's separators
/// and escapes, the order of keys kept. `path` is made of names and list indices joined by dots; `*` is the first
/// element. With `replace` unset a string keeps what it held, then a space, then `text`. A last name that is not there
/// is added to its object. False, and `content` as it was, when it is no JSON or has no such place.
bool SetField(std::string& content, std::string_view path, std::string_view text, bool replace);

/// `goal`, `amount`, `channel` (default `channel`), `position`, `turn`, `tool`, `field`, `skip_reads`.
std::vector<OptionSpec> InjectionOptions(Channel channel, bool replace);
/// The plan that such options describe, with `text`. Fails with kUser where they make no sense together.
Expected<InjectionPlan> ReadInjection(const Json& options, std::string text);
/// The attack that follows the plan.
AttackPlan MakeInjection(InjectionPlan plan, GoalRequest goal);

}  // namespace xsweep
