// Trial: the row of trials.jsonl. One planned trial, what came of it, and what it was made from.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "words/names.h"
#include "words/usage.h"

namespace xsweep {

/// Whose failure ended a trial with error or skipped.
enum class TrialError : std::uint8_t {
  kEpisode,     ///< the dialogue's or the judge's
  kWorld,       ///< a disk, a network, another program
  kBudget,      ///< nobody's: a limit of the run was reached
  kUnanswered,  ///< a reply of some model was no answer
};
template <>
inline constexpr std::array<std::string_view, 4> kWords<TrialError> = {"episode", "world", "budget", "unanswered"};

/// One row. The keys of its JSON (row_keys.h) and their order are fixed, and nothing in it depends on a clock, a thread
/// or a host:
///
/// {"index":0,"cell":"c0","task":"t1","seed":41,"trial":0,"outcome":"attack_resisted","task_success":true,
///  "attack":{"goal":"...","channel":"user_turn","exposed":true,"exposed_turn":1,"attempted":0,"executed":0,
///  "blocked":0,"queries":0,"amount_usd":0.0},"turns":3,"tool_calls":5,"stop":"user_stop",
///  "usage":{"agent":{"calls":1,"prompt_tokens":1,"completion_tokens":1,"cost_usd":0.0},...},"attempt":0,
///  "hashes":{"task":"16 hex","payload":"16 hex","policy":"16 hex","judge":"16 hex"},"error":null}
///
/// "exposed":null stands in an imported row whose source does not tell whether the payload was seen: its outcome is
/// attack_resisted where the attack did not succeed, which then says no more than that.
/// A row that was judged on another trial's dialogue has "dialogue":N behind `trial`, the index of the trial that holds
/// it; turns, calls and replies are that dialogue's, `usage` is what was asked for this row alone.
/// An imported row with a partial reward has "reward":0.93 behind `task_success`.
/// `attack.blocked_by` stands in blocked rows, `unanswered` ({"length":1}) and `answered_by` ({"agent":"..."}) behind
/// `stop`, each only where there is something to say.
/// "success_query":2 stands behind `queries` where an attack of several tries succeeded and it is known with which.
/// "delivery":"altered" or "removed" stands behind exposed_turn where a defense did that to the payload.
/// `usage` holds only roles that made calls; a `cost_usd` of null is an unknown price. "cached_tokens":1 and
/// "cache_write_tokens":1 stand behind completion_tokens where a server read or wrote part of the prompts in its cache;
/// prompt_tokens counts them too. `error` is
/// {"kind":"episode","message":"..."} for outcomes error and skipped; a kind that is not known reads as episode.
struct Trial {
  std::uint64_t index = 0;  ///< place in the plan; unique in a run
  std::string cell;
  std::string task;
  std::uint64_t seed = 0;
  std::uint32_t trial = 0;
  std::optional<std::uint64_t> dialogue;  ///< the trial that holds the dialogue, where that is another one
  Outcome outcome = Outcome::kError;
  std::optional<bool> task_success;  ///< empty where no benign request was made or it was not assessed
  std::optional<double> reward;      ///< of an imported episode, where it is neither 0 nor 1; only then in the row

  std::string goal;
  Channel channel = Channel::kNone;
  bool exposed = false;
  bool exposure_unknown = false;        ///< nobody wrote down whether it was exposed, which is then false
  int exposed_turn = 0;                 ///< meaningful when exposed; null in the row otherwise
  Delivery delivery = Delivery::kNone;  ///< kAltered or kRemoved where a defense did that to the payload
  std::optional<BlockedBy> blocked_by;  ///< of attack_blocked
  int attempted = 0;
  int executed = 0;
  int blocked = 0;
  std::int64_t queries = 0;
  std::int64_t success_query = 0;  ///< the try that succeeded, from 1 on; 0: none, or not known
  double amount_usd = 0;

  int turns = 0;
  int tool_calls = 0;
  Stop stop = Stop::kNone;
  std::uint32_t attempt = 0;  ///< 0, or how often --retry-errors has run it again
  RoleUsage usage;

  std::string task_hash;
  std::string payload_hash;
  std::string policy_hash;
  std::string judge_hash;
  /// Replies of models that were no answer, by name ("length", "judge.refused"); in the row only where there are any.
  std::vector<std::pair<std::string, std::int64_t>> unanswered;
  /// Role -> the model that answered, where a reply names another one than was asked; likewise.
  std::vector<std::pair<std::string, std::string>> answered_by;

  std::optional<TrialError> error_kind;  ///< empty: no error
  std::string error_message;

  friend bool operator==(const Trial&, const Trial&) = default;
};

/// Appends the row and its newline.
void AppendTrialRow(const Trial& trial, std::string& out);
/// Reads one row, any key order, unknown keys ignored. `where` names the file and line for errors.
Expected<Trial> ParseTrialRow(std::string_view line, std::string_view where);
/// The same of a row that is JSON already.
Expected<Trial> ReadTrialRow(const Json& row, std::string_view where);

}  // namespace xsweep
