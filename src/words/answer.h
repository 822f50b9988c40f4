// NoAnswer: why a model's reply is no answer, in the words of rows and notes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "words/names.h"

namespace xsweep {

/// Nothing of this is a decision of whoever was asked.
enum class NoAnswer : std::uint8_t {
  kNone,           ///< it is an answer
  kLength,         ///< cut off by a limit of tokens or of the context window
  kFiltered,       ///< cut off by a filter of the provider
  kRefused,        ///< a classifier of the provider refused, or the model would not play its part
  kBlocked,        ///< the provider did not let the prompt through
  kFailed,         ///< it failed behind the server
  kEmpty,          ///< not a word and no call
  kOnlyThought,    ///< everything was thought
  kCallsMissing,   ///< calls were announced, and there are none
  kCallInText,     ///< a call that the server left in the text
  kCallInThought,  ///< the same in the thought
  kCallCut,        ///< a call that was cut off
  kPaused,         ///< the server wants to be asked to go on
  kUnfinished,     ///< the server gave a reason for its end that is not known here
};
template <>
inline constexpr std::array<std::string_view, 14> kWords<NoAnswer> = {
    "",       "length",       "filtered",      "refused",      "blocked",         "failed",
    "empty",  "only_thought", "calls_missing", "call_in_text", "call_in_thought", "call_cut",
    "paused", "unfinished"};

/// Marks, in `Error::where`, an episode's error whose cause is a reply that is no answer: "unanswered: agent.length".
inline constexpr std::string_view kUnansweredMark = "unanswered: ";
inline Error UnansweredError(std::string message, std::string_view role_and_name) {
  return {ErrorKind::kEpisode, std::move(message), std::string(kUnansweredMark).append(role_and_name)};
}
/// "agent.length" of such an error; empty for any other.
inline std::string_view UnansweredName(const Error& error) {
  const std::string_view where = error.where;
  const bool is_one = error.kind == ErrorKind::kEpisode && where.starts_with(kUnansweredMark);
  return is_one ? where.substr(kUnansweredMark.size()) : std::string_view();
}

/// The provider stood between the prompt and the model's answer.
constexpr bool StoppedByProvider(NoAnswer why) { return why == NoAnswer::kBlocked || why == NoAnswer::kRefused; }

}  // namespace xsweep
