// CallIds: one id for every call of a dialogue.
// SPDX-License-Identifier: Apache-2.0
#include "episode/call_ids.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

namespace xsweep {

void CallIds::MakeUnique(std::vector<ToolCall>& calls, const std::vector<CallRecord>& earlier) {
  constexpr std::size_t kFew = 64;  // beyond, looking at all others for each would take the square
  if (calls.size() + earlier.size() <= kFew) {
    for (ToolCall& call : calls) MakeUnique(call, calls, earlier);
    return;
  }
  for (; looked_at_ < earlier.size(); ++looked_at_) known_.insert(earlier[looked_at_].call.id);
  std::unordered_map<std::string, std::size_t> uses;
  for (const ToolCall& call : calls) ++uses[call.id];
  for (ToolCall& call : calls) {
    if (!call.id.empty() && uses[call.id] == 1 && !known_.contains(call.id)) continue;
    --uses[call.id];
    call.id = fmt::format("call_{}", ++given_);
    ++uses[call.id];
  }
}

void CallIds::MakeUnique(ToolCall& call, const std::vector<ToolCall>& siblings,
                         const std::vector<CallRecord>& earlier) {
  const auto same = [&](const ToolCall& other) { return &other != &call && other.id == call.id; };
  const bool taken =
      call.id.empty() || std::ranges::any_of(siblings, same) || std::ranges::any_of(earlier, same, &CallRecord::call);
  if (taken) call.id = fmt::format("call_{}", ++given_);
}

}  // namespace xsweep
