// The keys of a row, each as it stands there: the one table that the writer, the scanner and the general reader share.
//
// A key is written together with what always stands around it, because the scanner compares many bytes at once and the
// writer copies them at once. Rejected: bare keys and a writer that adds the rest, which costs the scanner a third.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "words/names.h"

namespace xsweep::row_keys {

inline constexpr char kIndex[] = "{\"index\":";
inline constexpr char kCell[] = ",\"cell\":";
inline constexpr char kTask[] = ",\"task\":";
inline constexpr char kSeed[] = ",\"seed\":";
inline constexpr char kTrial[] = ",\"trial\":";
inline constexpr char kDialogue[] = ",\"dialogue\":";
inline constexpr char kOutcome[] = ",\"outcome\":";
inline constexpr char kTaskSuccess[] = ",\"task_success\":";
inline constexpr char kReward[] = ",\"reward\":";

inline constexpr char kAttack[] = ",\"attack\":{\"goal\":";
inline constexpr char kChannel[] = ",\"channel\":";
inline constexpr char kExposed[] = ",\"exposed\":";
inline constexpr char kExposedTurn[] = ",\"exposed_turn\":";
inline constexpr char kDelivery[] = ",\"delivery\":";
inline constexpr char kAttempted[] = ",\"attempted\":";
inline constexpr char kExecuted[] = ",\"executed\":";
inline constexpr char kBlocked[] = ",\"blocked\":";
inline constexpr char kQueries[] = ",\"queries\":";
inline constexpr char kSuccessQuery[] = ",\"success_query\":";
inline constexpr char kAmount[] = ",\"amount_usd\":";
inline constexpr char kBlockedBy[] = ",\"blocked_by\":";

inline constexpr char kTurns[] = ",\"turns\":";
inline constexpr char kToolCalls[] = ",\"tool_calls\":";
inline constexpr char kStop[] = ",\"stop\":";
inline constexpr char kUnanswered[] = ",\"unanswered\":{";
inline constexpr char kAnsweredBy[] = ",\"answered_by\":{";

inline constexpr char kUsage[] = ",\"usage\":{";
inline constexpr char kCalls[] = ":{\"calls\":";
inline constexpr char kPromptTokens[] = ",\"prompt_tokens\":";
inline constexpr char kCompletionTokens[] = ",\"completion_tokens\":";
inline constexpr char kCachedTokens[] = ",\"cached_tokens\":";
inline constexpr char kCacheWriteTokens[] = ",\"cache_write_tokens\":";
inline constexpr char kCost[] = ",\"cost_usd\":";

inline constexpr char kAttempt[] = ",\"attempt\":";
inline constexpr char kTaskHash[] = ",\"hashes\":{\"task\":";
inline constexpr char kPayloadHash[] = ",\"payload\":";
inline constexpr char kPolicyHash[] = ",\"policy\":";
inline constexpr char kJudgeHash[] = ",\"judge\":";
inline constexpr char kNoError[] = "},\"error\":null}\n";
inline constexpr char kErrorKind[] = "},\"error\":{\"kind\":";
inline constexpr char kErrorMessage[] = ",\"message\":";
inline constexpr char kErrorEnd[] = "}}\n";

/// The bare key: `cell` of `,"cell":`, and of two the outer one, `attack` of `,"attack":{"goal":`.
constexpr std::string_view Outer(std::string_view written) {
  written.remove_prefix(written.find('"') + 1);
  return written.substr(0, written.find('"'));
}
/// Of two the inner one, `goal` of `,"attack":{"goal":`; of one that one.
constexpr std::string_view Inner(std::string_view written) {
  written = written.substr(0, written.rfind('"'));
  return written.substr(written.rfind('"') + 1);
}

/// `"agent":{"calls":`.
template <Role kRole>
inline constexpr auto kRoleCalls = [] {
  constexpr std::string_view kName = NameOf(kRole);
  std::array<char, 1 + kName.size() + 1 + std::size(kCalls)> key{'"'};
  *std::ranges::copy(kName, key.begin() + 1).out = '"';
  std::ranges::copy(kCalls, key.begin() + kName.size() + 2);
  return key;
}();

}  // namespace xsweep::row_keys
