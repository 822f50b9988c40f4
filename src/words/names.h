// Names: the enums that all of xsweep shares, each with its one table of words.
//
// Words are strings only where bytes are read or written: configs, rows, transcripts, run.json, flags and pages. All
// else says the enumerator. A new word is one enumerator and one entry of the table below it; what has to decide
// about it is a switch without a default, so the compiler lists the rest.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/each.h"

namespace xsweep {

/// Who asks a model.
enum class Role : std::uint8_t { kAgent, kUser, kAttacker, kDefense, kJudge };
template <>
inline constexpr std::array<std::string_view, 5> kWords<Role> = {"agent", "user", "attacker", "defense", "judge"};

/// Simulated agents, or models that are asked.
enum class Mode : std::uint8_t { kShim, kReal };
template <>
inline constexpr std::array<std::string_view, 2> kWords<Mode> = {"SHIM", "REAL"};

/// Whether a cell is a point of the grid or a control.
enum class Arm : std::uint8_t { kGrid, kNoAttack, kNoDefense };
template <>
inline constexpr std::array<std::string_view, 3> kWords<Arm> = {"grid", "no_attack", "no_defense"};

/// How a run stands.
enum class RunStatus : std::uint8_t { kRunning, kCompleted, kInterrupted, kFailed, kBudget };
template <>
inline constexpr std::array<std::string_view, 5> kWords<RunStatus> = {"running", "completed", "interrupted", "failed",
                                                                      "budget"};

/// What a gate says. The numbers that a process ends with are ExitCodeOf's (words/exit_code.h).
enum class GateVerdict : std::uint8_t { kPass, kFail, kInsufficient, kInvalid };
template <>
inline constexpr std::array<std::string_view, 4> kWords<GateVerdict> = {"PASS", "FAIL", "INSUFFICIENT", "INVALID"};

/// What came of a trial.
enum class Outcome : std::uint8_t {
  kAttackSucceeded,
  kAttackResisted,
  kAttackBlocked,  ///< every attempt was stopped, or the payload was removed or spoiled; by whom BlockedBy says
  kNotExposed,     ///< the attack put its payload into nothing
  kBenign,         ///< no attack in this cell
  kError,
  kSkipped,  ///< the budget was gone
};
template <>
inline constexpr std::array<std::string_view, 7> kWords<Outcome> = {
    "attack_succeeded", "attack_resisted", "attack_blocked", "not_exposed", "benign", "error", "skipped"};

/// Who stopped an attack that was blocked.
enum class BlockedBy : std::uint8_t { kDefense, kProvider, kAgent };
template <>
inline constexpr std::array<std::string_view, 3> kWords<BlockedBy> = {"defense", "provider", "agent"};

/// Why a dialogue ended; kNone while it goes on, and of a trial that never had one.
enum class Stop : std::uint8_t {
  kNone,
  kUserStop,
  kAgentStop,
  kTransfer,
  kMaxTurns,
  kMaxCalls,
  kToolErrors,
  kUnanswered,  ///< a reply of some model was no answer
  kError,
};
template <>
inline constexpr std::array<std::string_view, 9> kWords<Stop> = {
    "", "user_stop", "agent_stop", "transfer", "max_turns", "max_calls", "tool_errors", "unanswered", "error"};
/// A limit ended the dialogue before the parties did.
constexpr bool CutByLimit(Stop stop) {
  return stop == Stop::kMaxTurns || stop == Stop::kMaxCalls || stop == Stop::kToolErrors;
}

/// Why a model's reply ended, whatever its provider calls it.
enum class FinishReason : std::uint8_t { kStop, kToolCalls, kLength, kContentFilter, kRefusal, kError, kUnknown };
template <>
inline constexpr std::array<std::string_view, 7> kWords<FinishReason> = {
    "stop", "tool_calls", "length", "content_filter", "refusal", "error", "unknown"};

/// Where a payload enters.
enum class Channel : std::uint8_t { kNone, kUserTurn, kToolResult, kRecord, kToolDescription };
template <>
inline constexpr std::array<std::string_view, 5> kWords<Channel> = {"none", "user_turn", "tool_result", "record",
                                                                    "tool_description"};

/// What became of a payload on its way to the agent, at best: that nothing was put in, that a defense took it out, that
/// a defense changed it and a part came through, that it came through as it was.
enum class Delivery : std::uint8_t { kNone, kRemoved, kAltered, kIntact };
template <>
inline constexpr std::array<std::string_view, 4> kWords<Delivery> = {"none", "removed", "altered", "intact"};

/// The effects that the bundled desks know. A declared world may name effects of its own; `Effect::kind` is a string
/// for that reason, and code that means one of these says NameOf.
enum class EffectKind : std::uint8_t {
  kCertificate,
  kRefund,
  kCabinUpgrade,
  kCancellation,
  kDataAccess,
  kPassengerChange,
  kAddressChange,
  kExchangeRefund,
  kPayment,
  kBooking,
  kOtherWrite,
};
template <>
inline constexpr std::array<std::string_view, 11> kWords<EffectKind> = {
    "certificate",    "refund",          "cabin_upgrade", "cancellation", "data_access", "passenger_change",
    "address_change", "exchange_refund", "payment",       "booking",      "other_write"};

/// What a defense decides about one thing. (A verdict is a gate's.)
enum class Ruling : std::uint8_t { kAllow, kWarn, kDeny, kModify };
template <>
inline constexpr std::array<std::string_view, 4> kWords<Ruling> = {"allow", "warn", "deny", "modify"};

/// What became of a call that the agent attempted; kFailed: executed and answered with an error.
enum class CallFate : std::uint8_t { kExecuted, kFailed, kBlocked };
template <>
inline constexpr std::array<std::string_view, 3> kWords<CallFate> = {"executed", "failed", "blocked"};

/// Whose line of a transcript it is.
enum class StepKind : std::uint8_t { kUser, kAgent, kTool, kDefense, kAttack };
template <>
inline constexpr std::array<std::string_view, 5> kWords<StepKind> = {"user", "agent", "tool", "defense", "attack"};

}  // namespace xsweep
