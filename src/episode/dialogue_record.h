// DialogueRecord: what is written down while a dialogue goes on, in its transcript and in what the agent sees of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "episode/roles.h"
#include "episode/transcript.h"

namespace xsweep {

/// Belongs to one dialogue; `transcript` outlives it.
class DialogueRecord {
 public:
  explicit DialogueRecord(Transcript& transcript);
  Transcript& transcript() { return transcript_; }
  const Transcript& transcript() const { return transcript_; }
  Conversation& conversation() { return conversation_; }
  const Conversation& conversation() const { return conversation_; }

  /// A step of the turn that is going on; valid until the next one.
  Step& Add(StepKind kind);
  void NoteDecisions(const Decisions& decisions);
  /// What the attack has put somewhere, which nobody has seen yet.
  void NotePlanted(const std::string& text, const std::string& where);
  /// `shown` is what reached the agent of what was `said`, and `unchanged` what the user would have said, where an
  /// attack may have rewritten it.
  void NoteUser(std::string shown, std::string said, std::string unchanged, bool injected);
  /// Takes the words out of the turn; its calls stay.
  void NoteAgent(AgentTurn& turn);
  /// Of the call that was noted last. `withheld`: a defense speaks in place of the tool.
  void NoteResult(const ToolCall& call, ToolOutcome& outcome, bool injected, bool withheld);

 private:
  Transcript& transcript_;
  Conversation conversation_;
};

}  // namespace xsweep
