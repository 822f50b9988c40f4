// What a worker says of its world, its calls' effects and its goals, read from its JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "episode/catalog.h"
#include "episode/transcript.h"
#include "parts/environments/scenario.h"

namespace xsweep {

/// A goal of the worker's.
struct BridgeGoal {
  std::string name;
  std::string text;
  std::vector<ToolCall> calls;
  bool task_fails = false;  ///< it is reached when the user's task fails
};

/// The answer to `open`.
struct BridgeFacts {
  EnvironmentInfo info;
  int protocol = 1;
  std::string policy;
  std::vector<ToolSchema> tools;
  std::vector<ToolSchema> user_tools;  ///< of the user alone
  std::vector<DeskTask> tasks;
  Json first_task;  ///< the id of the worker's first task, or null: where episodes of declared tasks start
  std::vector<BridgeGoal> goals;
  std::vector<Vector> vectors;
  bool shows_state = false;
};

/// Fails with kUser where a worker names no task, or a tool that is none.
Expected<BridgeFacts> ReadFacts(const Json& opened, const std::string& hash);

// Of lists that may be missing; what is no entry is passed over.
std::vector<std::string> ReadTexts(const Json* list);
std::vector<ToolCall> ReadCalls(const Json* list);
std::vector<Effect> ReadEffects(const Json* list);

/// The dialogue for the worker's own grading: [{role, content, calls}].
Json MessagesOf(const Transcript& transcript);

}  // namespace xsweep
