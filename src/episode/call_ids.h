// CallIds: one id for every call of a dialogue, whatever the agent gave them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

#include "episode/transcript.h"

namespace xsweep {

/// Results are paired with calls by id, so an agent that leaves ids out or repeats them gets ours. Of one dialogue.
class CallIds {
 public:
  /// Gives an id of ours to each of `calls` whose own is empty, stands twice among them or in `earlier`, which only
  /// grows from one time to the next. The work grows with the calls, not with their square.
  void MakeUnique(std::vector<ToolCall>& calls, const std::vector<CallRecord>& earlier);

 private:
  void MakeUnique(ToolCall& call, const std::vector<ToolCall>& siblings, const std::vector<CallRecord>& earlier);

  int given_ = 0;
  std::unordered_set<std::string> known_;  ///< of the first `looked_at_` calls; only in long dialogues
  std::size_t looked_at_ = 0;
};

}  // namespace xsweep
