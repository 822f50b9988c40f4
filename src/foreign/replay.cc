// RecordedReplay: recorded calls played again on our own environment.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.h"
#include "base/text.h"

namespace xsweep {
namespace {

/// The first place where two values differ, and how; empty when they are equal.
std::string FirstDifference(const Json& recorded, const Json& ours, const std::string& path) {
  const auto at = [&](std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  };
  if (recorded == ours) return {};
  if (!recorded.is_object() || !ours.is_object())
    return fmt::format("another value in {}", path.empty() ? "the whole" : path);
  for (const auto& [key, value] : recorded.members()) {
    const Json* mine = ours.Find(key);
    if (mine == nullptr) return "only the recording has " + at(key);
    if (std::string inner = FirstDifference(value, *mine, at(key)); !inner.empty()) return inner;
  }
  for (const auto& [key, value] : ours.members()) {
    if (recorded.Find(key) == nullptr) return "only today's data has " + at(key);
  }
  return "another order or spelling";
}

}  // namespace

std::string DifferenceCause(const std::string& tool, const std::string& recorded, const std::string& ours) {
  if (recorded.starts_with("Error") != ours.starts_with("Error"))
    return fmt::format("{}: an error {}", tool, ours.starts_with("Error") ? "only here" : "only in the recording");
  const auto theirs = Json::Parse(recorded);
  const auto mine = Json::Parse(ours);
  if (!theirs || !mine || !theirs->is_object() || !mine->is_object()) return tool + ": another text";
  const std::string difference = FirstDifference(*theirs, *mine, "");
  return fmt::format("{}: {}", tool, difference.empty() ? "another order or spelling" : difference);
}

std::string ReplayAgreement::Text() const {
  std::string text = fmt::format("replayed: {} of {} recorded observations are the same to the byte\n",
                                 WithThousands(same), WithThousands(calls));
  for (const auto& [cause, count] : causes) text += fmt::format("  {:>6}  {}\n", count, cause);
  return text + fmt::format("re-scored: {} of {} graded episodes get the recorded reward\n", same_reward, graded);
}

Status ReplayEpisode(const EnvironmentSource& environment, std::size_t place, ForeignTrial& episode,
                     ReplayAgreement& agreement) {
  TRY_ASSIGN(const auto fork, RunNow(environment.Fork(place, {})));
  for (CallRecord& record : episode.dialogue->calls) {
    ++agreement.calls;
    const auto& tools = environment.tools();
    if (std::ranges::find(tools, record.call.name, &ToolSchema::name) == tools.end()) ++agreement.unknown_tools;
    auto outcome = RunNow(fork->Call(record.call));
    if (!outcome && outcome.error().kind != ErrorKind::kEpisode) return std::unexpected(std::move(outcome).error());
    if (!outcome) {
      ++agreement.causes[record.call.name + ": the benchmark's own tool dies on it"];
      continue;
    }
    record.effects = std::move(outcome->effects);
    if (outcome->content == record.content) {
      ++agreement.same;
    } else {
      ++agreement.causes[DifferenceCause(record.call.name, record.content, outcome->content)];
    }
  }
  if (!episode.error.empty() || !episode.reward || IsPartial(*episode.reward)) return {};
  TRY_ASSIGN(const TaskAssessment assessment, RunNow(fork->AssessTask(*episode.dialogue)));
  if (!assessment.success) return {};
  ++agreement.graded;
  if (*assessment.success == Solved(*episode.reward)) ++agreement.same_reward;
  return {};
}

}  // namespace xsweep
