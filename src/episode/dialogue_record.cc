// DialogueRecord: what is written down while a dialogue goes on.
// SPDX-License-Identifier: Apache-2.0
#include "episode/dialogue_record.h"

#include <utility>

namespace xsweep {

DialogueRecord::DialogueRecord(Transcript& transcript) : transcript_(transcript) {
  // What a short dialogue needs; steps are large, and moving them when a list grows shows in a profile.
  transcript_.steps.reserve(16);
  transcript_.calls.reserve(8);
  conversation_.messages.reserve(16);
}

Step& DialogueRecord::Add(StepKind kind) {
  Step& step = transcript_.steps.emplace_back();
  step.kind = kind;
  step.turn = conversation_.turn;
  return step;
}

void DialogueRecord::NoteDecisions(const Decisions& decisions) {
  for (const Decision& decision : decisions) {
    Step& step = Add(StepKind::kDefense);
    step.decision = decision;
    step.decision.text.clear();
  }
}

void DialogueRecord::NotePlanted(const std::string& text, const std::string& where) {
  Step& step = Add(StepKind::kAttack);
  step.shown = text;
  step.original = where;
  step.injected = true;
}

void DialogueRecord::NoteUser(std::string shown, std::string said, std::string unchanged, bool injected) {
  Step& step = Add(StepKind::kUser);
  step.injected = injected;
  // What a defense changed weighs more than what an attack did: of both only one original can be kept, and what the
  // defense was given is what its decision speaks of.
  if (shown != said) {
    step.original = std::move(said);
  } else if (injected && unchanged != shown) {
    step.original = std::move(unchanged);
  }
  step.shown = shown;
  Message& message = conversation_.messages.emplace_back();
  message.speaker = Speaker::kUser;
  message.text = std::move(shown);
}

void DialogueRecord::NoteAgent(AgentTurn& turn) {
  Step& step = Add(StepKind::kAgent);
  // Copied here and moved below: the agent reads its own words again on its next turn, the transcript keeps them.
  step.shown = turn.text;
  step.reasoning = turn.reasoning;
  step.calls = turn.calls;
  Message& message = conversation_.messages.emplace_back();
  message.speaker = Speaker::kAgent;
  message.text = std::move(turn.text);
  message.calls = turn.calls;
  message.reasoning = std::move(turn.reasoning);
  message.kept = std::move(turn.kept);
}

void DialogueRecord::NoteResult(const ToolCall& call, ToolOutcome& outcome, bool injected, bool withheld) {
  const CallRecord& record = transcript_.calls.back();
  Step& step = Add(StepKind::kTool);
  step.call = static_cast<int>(transcript_.calls.size()) - 1;
  step.injected = injected;
  if (outcome.content != record.content) step.original = record.content;
  step.shown = outcome.content;
  Message& message = conversation_.messages.emplace_back();
  message.speaker = Speaker::kTool;
  message.text = std::move(outcome.content);
  message.call_id = call.id;
  message.error = outcome.error;
  message.structured = std::move(outcome.structured);
  message.notice = withheld;
}

}  // namespace xsweep
