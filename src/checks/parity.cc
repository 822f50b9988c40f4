// Parity: the same calls on a native desk and on a bridged worker.
// SPDX-License-Identifier: Apache-2.0
#include "checks/parity.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/draw.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "parts/desks.h"
#include "parts/environments/bridge/sessions.h"
#include "parts/environments/world/desk_tasks.h"
#include "parts/environments/world/replay.h"
#include "parts/environments/world/world_hash.h"
#include "words/exit_code.h"

namespace xsweep {
namespace {

/// The two sides, in step.
struct Sides {
  const Desk& desk;
  State state;
  BridgeWorker::Ptr worker;
  /// Waits for the answer: here nobody else is served meanwhile.
  Expected<Json> Ask(const char* what, std::initializer_list<Json::Member> more = {}) const {
    return RunNow(worker->Ask(what, Json::MakeObject(more)));
  }
};

struct Tally {
  std::uint64_t calls = 0;
  std::uint64_t wordings = 0;  ///< errors on both sides in other words
  std::string difference;      ///< the first one; empty: none
};

std::string AtFirstByte(const std::string& native, const std::string& bridged) {
  const auto [mine, theirs] = std::ranges::mismatch(native, bridged);
  const auto at = static_cast<std::size_t>(mine - native.begin());
  const std::size_t from = at < 30 ? 0 : at - 30;
  return fmt::format("byte {}\n  native:  {}\n  bridged: {}", at,
                     Printable(native.substr(std::min(from, native.size())), 120),
                     Printable(bridged.substr(std::min(from, bridged.size())), 120));
}

bool IsError(const std::string& text, bool flagged) { return flagged || text.starts_with("Error"); }

/// One call on both sides: texts, being errors, and the hashes after it.
Status CallBoth(Sides& sides, const ToolCall& call, Tally& tally) {
  ++tally.calls;
  const ToolOutput native = CallAs(sides.desk, sides.state, "assistant", call.name, call.arguments);
  TRY_ASSIGN(const Json answer, sides.Ask("call", {{"name", call.name}, {"arguments", call.arguments}}));
  const std::string theirs(answer.StringOr("content", ""));
  const bool both_errors = IsError(native.content, native.error) && IsError(theirs, answer.BoolOr("error", false));
  if (native.content != theirs && both_errors) {
    ++tally.wordings;
  } else if (native.content != theirs) {
    tally.difference = "content, " + AtFirstByte(native.content, theirs);
    return {};
  }
  TRY_ASSIGN(const Json hash, sides.Ask("hash"));
  const std::string bridged = hash.is_string() ? hash.AsString() : hash.Dump();
  if (const std::string mine = StateHash(sides.state); mine != bridged)
    tally.difference = "state hash, " + AtFirstByte(mine, bridged);
  return {};
}

Status Reset(Sides& sides, const std::string& task) {
  sides.state.Reset();
  TRY(sides.Ask("reset", {{"task", task}}));
  return {};
}

/// The reference's own calls bent a little: an argument is dropped, added or replaced by something else.
ToolCall Bend(ToolCall call, const Draws& draws, std::uint32_t step) {
  const Json odd[] = {Json(),         Json(-1),   Json(0),           Json(2.5),         Json(""),
                      Json("nobody"), Json(true), Json::MakeArray(), Json::MakeObject()};
  const auto pick =
      static_cast<std::size_t>(draws.Integer("odd", step, 0, static_cast<std::int64_t>(std::size(odd)) - 1));
  const std::int64_t way = draws.Integer("way", step, 0, 3);
  if (!call.arguments.is_object() || call.arguments.size() == 0 || way == 0) {
    call.arguments.Set("unexpected", odd[pick]);
    return call;
  }
  const auto last = static_cast<std::int64_t>(call.arguments.size()) - 1;
  const auto place = static_cast<std::size_t>(draws.Integer("place", step, 0, last));
  const std::string key = call.arguments.members()[place].first;
  if (way == 1) {
    call.arguments.Erase(key);
  } else {
    call.arguments.Set(key, odd[pick]);
  }
  return call;
}

std::string Where(const std::string& kind, const std::string& task, const ToolCall& call) {
  return fmt::format("{} of task {}: {}({})", kind, task, call.name, Printable(call.arguments.Dump(), 300));
}

/// Every task's reference actions. Returns where the first difference is, or nothing.
Expected<std::string> ReplayTasks(Sides& sides, const std::vector<DeskTask>& tasks, Tally& tally) {
  for (const DeskTask& task : tasks) {
    TRY(Reset(sides, task.task.id));
    for (const ToolCall& call : task.task.reference_actions) {
      TRY(CallBoth(sides, call, tally));
      if (!tally.difference.empty()) return Where("reference action", task.task.id, call);
    }
  }
  return std::string();
}

Expected<std::string> ReplayOddCalls(Sides& sides, const std::vector<DeskTask>& tasks, int calls, int seed,
                                     Tally& tally) {
  const Draws draws(static_cast<std::uint64_t>(seed), "parity", 0);
  constexpr std::uint32_t kCallsPerEpisode = 8;
  std::string task = tasks.front().task.id;
  for (std::uint32_t step = 0; step < static_cast<std::uint32_t>(calls); ++step) {
    const auto place = draws.Integer("task", step, 0, static_cast<std::int64_t>(tasks.size()) - 1);
    const Task& source = tasks[static_cast<std::size_t>(place)].task;
    if (step % kCallsPerEpisode == 0) {
      task = source.id;
      TRY(Reset(sides, task));
    }
    if (source.reference_actions.empty()) continue;
    const auto which = draws.Integer("action", step, 0, static_cast<std::int64_t>(source.reference_actions.size()) - 1);
    const ToolCall call = Bend(source.reference_actions[static_cast<std::size_t>(which)], draws, step);
    TRY(CallBoth(sides, call, tally));
    if (!tally.difference.empty()) return Where(fmt::format("odd call {}", step), task, call);
  }
  return std::string();
}

std::vector<std::string> WordsOf(const std::string& command) {
  std::vector<std::string> words = Split(command, ' ');
  std::erase(words, "");
  return words;
}

}  // namespace

Expected<int> CheckParity(const ParityRequest& request) {
  const Desk* desk = FindDesk(request.environment);
  if (desk == nullptr)
    return UserError(
        "unknown desk `" + request.environment + "`" + DidYouMean(request.environment, DeskNames(), "there are"),
        "--environment");
  if (request.worker.empty())
    return UserError("needs --worker CMD, e.g. \"python3 tools/xsweep_bridge.py tau2 airline\"", "parity");
  TRY_ASSIGN(const DeskFiles files, ReadDesk(request.environment, request.data));
  TRY_ASSIGN(const auto tasks,
             ReadTasks(files.tasks, desk->world.benchmark, *files.world, request.environment + " tasks"));
  TRY_ASSIGN(auto worker, BridgeWorker::Start(WordsOf(request.worker), std::chrono::seconds(request.timeout)));
  Sides sides{*desk, State(files.world), std::move(worker)};
  TRY(sides.Ask("open", {{"data", request.data}}));
  Tally tally;
  TRY_ASSIGN(std::string where, ReplayTasks(sides, tasks, tally));
  if (where.empty()) {
    TRY_ASSIGN(where, ReplayOddCalls(sides, tasks, request.calls, request.seed, tally));
  }
  if (!where.empty()) {
    Print(fmt::format("differs at call {}, {}\n{}\n", tally.calls, where, tally.difference));
    return kExitFail;
  }
  Print(fmt::format("{}: {} calls agree in content and state; {} errors are only worded differently\n",
                    request.environment, tally.calls, tally.wordings));
  return kExitDone;
}

}  // namespace xsweep
