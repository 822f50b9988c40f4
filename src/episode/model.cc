// Model: why a reply is no answer, in words.
// SPDX-License-Identifier: Apache-2.0
#include "episode/model.h"

#include <fmt/format.h>

namespace xsweep {

NoAnswer WhyNoPart(const ModelReply& reply) {
  if (reply.no_answer != NoAnswer::kNone) return reply.no_answer;
  return reply.refusal.empty() ? NoAnswer::kNone : NoAnswer::kRefused;
}

std::string DescribeNoAnswer(NoAnswer why, const ModelReply& reply) {
  const std::string finish =
      reply.finish_reason.empty() ? "" : fmt::format(" (finish reason: {})", reply.finish_reason);
  const std::string said = reply.refusal.empty() ? "" : fmt::format(": {}", reply.refusal.substr(0, 300));
  switch (why) {
    case NoAnswer::kNone: return "is an answer";
    case NoAnswer::kLength: return "was cut off by length" + finish;
    case NoAnswer::kFiltered: return "was cut off by the provider's filter" + finish;
    case NoAnswer::kRefused: return "is a refusal" + finish + said;
    case NoAnswer::kBlocked: return "was blocked by the provider before the model saw the prompt" + said;
    case NoAnswer::kFailed: return "failed behind the server" + finish + said;
    case NoAnswer::kEmpty: return "is empty" + finish;
    case NoAnswer::kOnlyThought: return "is nothing but thought" + finish;
    case NoAnswer::kCallsMissing: return "promises calls and holds none" + finish;
    case NoAnswer::kCallInText: return "holds a call as text that was not parsed" + finish;
    case NoAnswer::kCallInThought: return "holds a call in its thought that was not parsed" + finish;
    case NoAnswer::kCallCut: return "holds a call that was cut off" + finish;
    case NoAnswer::kPaused: return "was paused by the server" + finish;
    case NoAnswer::kUnfinished: return "ended for a reason that is not known here, so that it may be cut off" + finish;
  }
  return "is no answer";
}

Error NoPart(Role role, NoAnswer why, const ModelReply& reply) {
  const std::string_view who = NameOf(role);
  return UnansweredError(fmt::format("the reply of the model that plays the {} {}", who, DescribeNoAnswer(why, reply)),
                         fmt::format("{}.{}", who, NameOf(why)));
}

}  // namespace xsweep
