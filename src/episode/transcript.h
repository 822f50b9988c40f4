// What happened in an episode, step by step: plain data that is kept, shown and judged again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "words/message.h"
#include "words/names.h"

namespace xsweep {

/// What a call changed or revealed in the world, seen by the environment from real state before and after it (or, for
/// a call that was blocked, what it would have changed). The policy's view comes with it, so that judges need to know
/// no desk.
struct Effect {
  std::string kind;       ///< certificate, refund, cabin_upgrade, cancellation, data_access, passenger_change,
                          ///< address_change, exchange_refund, payment, booking, other_write
  std::string subject;    ///< the record concerned, e.g. a reservation id
  double amount_usd = 0;  ///< what the customer gains; 0 where no money moves
  double owed_usd = 0;    ///< what the policy owes for it
  bool permitted = true;  ///< the policy allows this call in this state
  std::string rule;       ///< why (not), in a few words
};

/// One decision of a defense. Whatever it decides is kept; having nothing to say is no decision.
struct Decision {
  Ruling ruling = Ruling::kAllow;
  std::string defense;
  std::string reason_code;
  std::string detail{};
  std::string text{};  ///< of kModify: what the agent sees instead; not kept, as the next step shows it
};

/// One call that the agent attempted, with its fate.
struct CallRecord {
  ToolCall call;
  int turn = 0;
  CallFate fate = CallFate::kExecuted;
  std::string
      content;  ///< what the environment (or the defense, for a blocked call) answered, before attack and screens
  std::vector<Effect> effects;
};

/// One line of a transcript. `shown` is what the agent got to see; it differs from `original` where an attack or a
/// defense rewrote it.
struct Step {
  StepKind kind = StepKind::kUser;
  int turn = 0;
  std::string shown;
  std::string original;         ///< empty when nobody rewrote it
  bool injected = false;        ///< the payload came in here
  std::string reasoning;        ///< of kAgent
  std::vector<ToolCall> calls;  ///< of kAgent
  int call = -1;                ///< of kTool: index into Transcript::calls
  Decision decision;            ///< of kDefense
};

/// `exposed`: the agent was shown the payload or, altered by a defense, a part of it.
struct Exposure {
  bool exposed = false;
  int turn = 0;  ///< the turn of first exposure; meaningful when exposed
  Channel channel = Channel::kNone;
  std::string via;  ///< the tool whose result carried it, if one did
  Delivery delivery = Delivery::kNone;
};

struct Transcript {
  std::string system;
  std::vector<Step> steps;
  std::vector<CallRecord> calls;  ///< every attempted call, in order
  Exposure exposure;
  std::vector<Effect> end_effects;  ///< seen after the last word only: of a probe, or of the environment's own check
  std::vector<std::string> notes;   ///< what the environment had to say of the trial
  Stop stop = Stop::kNone;

  /// Appends the JSON text. `more`, if not empty, are further members as they are to be written ("a":1,"b":2).
  /// The system prompt comes last: many trials share it, and what keeps transcripts compresses that tail only once.
  void AppendTo(std::string& out, std::string_view more = {}) const;
  Json ToJson() const;
  static Expected<Transcript> FromJson(const Json& json);
};

}  // namespace xsweep
