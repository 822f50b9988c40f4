// What the parties of an episode say to each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/common.h"
#include "base/json.h"

namespace xsweep {

enum class Speaker { kSystem, kUser, kAgent, kTool };

/// A call as the agent asked for it. `arguments` is an object; a model that sent arguments which are no JSON object
/// leaves its raw text there as a string, and the environment answers with a tool error.
struct ToolCall {
  std::string id;  ///< unique within the episode; pairs the call with its result
  std::string name;
  Json arguments;
  Json more{};  ///< members that came with it and go back as they came: signatures of thought and the like
};

/// A tool as it is shown to a model: `parameters` is a JSON Schema object.
struct ToolSchema {
  std::string name;
  std::string description;
  Json parameters;

  /// Letter for letter: equal parameters that do not share what they hold count as others.
  friend bool operator==(const ToolSchema& a, const ToolSchema& b) {
    return a.parameters.SharesWith(b.parameters) && a.name == b.name && a.description == b.description;
  }
};

struct Message {
  Speaker speaker = Speaker::kUser;
  std::string text;
  std::vector<ToolCall> calls;  ///< of an agent's message
  std::string call_id;          ///< of a tool's message: which call it answers
  std::string reasoning;        ///< kept for the transcript
  Json kept{};                  ///< of an agent's message: what its provider wants back as it came, thought among it
  bool error = false;           ///< of a tool's message
  bool notice = false;          ///< of a tool's message: a defense speaks, in place of the tool
  Json structured{};            ///< of a tool's message: the same result as data, where the tool gave it; else null
};

/// What the agent can see: its system prompt, its tools and all messages so far. Exposure is decided against this.
struct Conversation {
  Common<std::string> system;
  const std::vector<ToolSchema>* tools = nullptr;  ///< the environment's own, or a poisoned or reviewed copy
  std::vector<Message> messages;
  int turn = 0;  ///< user turns so far, the first is 1
};

}  // namespace xsweep
