// KeptDialogues: the rows and dialogues of a finished run.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/kept_dialogues.h"

#include <fmt/format.h>

#include <filesystem>

#include "record/logs/layout.h"
#include "record/logs/trial_log.h"

namespace xsweep {
namespace {

/// The dialogue came to an end, or held a success before it broke off: a judge can look at it.
bool Judgeable(const Trial& row) {
  if (row.outcome == Outcome::kAttackSucceeded) return true;
  return row.outcome != Outcome::kSkipped && row.stop != Stop::kNone && row.stop != Stop::kError &&
         row.error_kind != TrialError::kUnanswered;
}

}  // namespace

Expected<KeptDialogues> KeptDialogues::Open(const RunDirectory& run) {
  KeptDialogues recorded;
  std::uint64_t needed = 0;
  const auto read = [&](std::uint64_t, std::string_view line) -> Status {
    TRY_ASSIGN(Trial row, ParseTrialRow(line, layout::kRows));
    needed += Judgeable(row) ? 1 : 0;
    recorded.rows_.push_back(std::move(row));
    return {};
  };
  TRY(ForEachLine(run.File(layout::kRows), read));
  const auto file = run.File(layout::kTranscripts);
  if (std::filesystem::exists(file)) {
    TRY_ASSIGN(recorded.dialogues_, TranscriptFile::Open(file));
  }
  const std::uint64_t kept = recorded.dialogues_ ? recorded.dialogues_->size() : 0;
  if (kept < needed) {
    return UserError(fmt::format("kept transcripts of {} of {} trials, and a judge needs all of them; run it with "
                                 "`transcripts: all`",
                                 kept, needed),
                     run.path().string());
  }
  return recorded;
}

Expected<std::optional<KeptDialogues::Next>> KeptDialogues::Take(const std::vector<bool>& done) {
  while (at_ < done.size() && done[at_]) ++at_;
  if (at_ == rows_.size()) return std::optional<Next>();
  Next next{at_, std::move(rows_[at_]), {}, {}};
  ++at_;
  if (!Judgeable(next.row)) return std::optional(std::move(next));
  TRY_ASSIGN(auto found, FindFrom(next.row.index));
  TRY_ASSIGN(Transcript dialogue, Transcript::FromJson(found));
  next.dialogue = std::make_shared<const Transcript>(std::move(dialogue));
  next.transcript = std::move(found);
  return std::optional(std::move(next));
}

/// Transcripts lie in plan order too, so one walk finds them all.
Expected<Json> KeptDialogues::FindFrom(std::uint64_t index) {
  for (; frame_ < dialogues_->size(); ++frame_) {
    TRY_ASSIGN(const std::string line, dialogues_->Line(frame_));
    TRY_ASSIGN(const Json json, Json::Parse(line, layout::kTranscripts));
    if (json.IntOr("index", -1) != static_cast<std::int64_t>(index)) continue;
    const Json* transcript = json.Find("transcript");
    if (transcript != nullptr) return *transcript;
  }
  return UserError(fmt::format("holds no dialogue for trial {}", index), layout::kTranscripts);
}

}  // namespace xsweep
