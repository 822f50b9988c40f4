// xsweep merge: finishes a run whose shards have run: one file of rows in plan order and all that is made from it.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/merge.h"

#include <fmt/format.h>

#include "base/system/terminal.h"
#include "record/recorded_trials.h"
#include "sweep/finish.h"
#include "sweep/run_session.h"
#include "words/exit_code.h"

namespace xsweep {
namespace {

/// "12-17, 40 and 3 more ranges" of what is not recorded.
std::string MissingRanges(const RecordedTrials& rows) {
  constexpr int kShown = 5;
  std::string text;
  int ranges = 0;
  for (std::uint64_t begin = 0; begin < rows.planned(); ++begin) {
    if (rows.Has(begin)) continue;
    std::uint64_t end = begin;
    while (end < rows.planned() && !rows.Has(end)) ++end;
    if (++ranges <= kShown) {
      text += fmt::format("{}{}", ranges == 1 ? "" : ", ", begin);
      if (end - begin > 1) text += fmt::format("-{}", end - 1);
    }
    begin = end;
  }
  return ranges > kShown ? fmt::format("{} and {} more ranges", text, ranges - kShown) : text;
}

}  // namespace

Expected<int> MergeRun(const RunDirectory& run) {
  TRY_ASSIGN(const Manifest manifest, run.ReadManifest());
  if (run.sealed()) {
    if (!Finished(manifest)) return FinishRun(run, manifest);
    TRY(run.Seal(manifest.planned));
    TRY(CheckSealed(run));
    TRY(PublishRun(run, manifest));
    Print(fmt::format("all {} trials are recorded and merged\n{}\n", manifest.planned, run.path().string()));
    return ExitCodeOf(manifest.status, manifest.verdict);
  }
  TRY_ASSIGN(const Claim claim, ClaimTrials(run, 0, manifest.planned));
  TRY_ASSIGN(const auto rows, RecordedTrials::Scan(run.shards(), manifest.planned));
  for (const std::string& loss : rows.losses()) PrintNote("note: " + loss);
  if (rows.recorded() != rows.planned()) {
    const std::string way_on =
        manifest.dialogues_of.empty()
            ? fmt::format(
                  "run their shards again (`xsweep worker`) or everything that is missing with `xsweep run "
                  "--resume {}`",
                  run.path().string())
            : "repeat the `xsweep rejudge` that began it";
    return UserError(fmt::format("{} of {} trials are missing: {}; {}", rows.planned() - rows.recorded(),
                                 rows.planned(), MissingRanges(rows), way_on),
                     run.path().string());
  }
  return FinishRun(run, manifest, &rows);
}

}  // namespace xsweep
