// Finish: from recorded rows to a sealed, judged, presented and published run.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/finish.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "analyze/aggregate.h"
#include "analyze/gates/gate.h"
#include "analyze/run_facts.h"
#include "base/system/claim.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "engine/spending.h"
#include "page/html_report.h"
#include "present/cell_table.h"
#include "present/gate_report.h"
#include "present/run_reports.h"
#include "record/index.h"
#include "record/logs/layout.h"
#include "record/logs/ledger.h"
#include "record/run_id.h"
#include "sweep/config_differences.h"
#include "sweep/question.h"
#include "sweep/run_index.h"
#include "sweep/verdict.h"
#include "words/exit_code.h"

namespace xsweep {
namespace {

/// Brings what the ledgers say into the manifest. Only while the rows are in logs: sealed, run.json itself says it.
Status TakeSpending(const RunDirectory& run, Manifest& manifest) {
  if (run.sealed() || !std::filesystem::exists(run.shards())) return {};
  LedgerReader ledgers(run.shards());
  TRY(ledgers.Refresh());
  const LedgerLine total = ledgers.Total();
  const Spending used = ToSpending(total);
  if (!manifest.budget.is_object()) manifest.budget = Json::MakeObject();
  manifest.budget.Set("used", used.ToJson());
  manifest.budget.Set("stopped_by", total.stopped_by.empty() ? Json() : Json(total.stopped_by));
  manifest.seconds = used.seconds;
  return {};
}

/// What can only be said once all rows are there: counts, and whether a budget ended the run.
void TakeCounts(const RunAggregate& aggregate, Manifest& manifest) {
  for (const Outcome outcome : kEvery<Outcome>) {
    manifest.counts[std::string(NameOf(outcome))] = static_cast<std::uint64_t>(aggregate.total.of(outcome));
  }
  const bool skipped = manifest.counts["skipped"] > 0;
  manifest.status = skipped && !StoppedByItsGates(manifest) ? RunStatus::kBudget : RunStatus::kCompleted;
  if (!manifest.budget.is_object()) return;
  if (!skipped) manifest.budget.Set("stopped_by", Json());
  const Json* used = manifest.budget.Find("used");
  Json total = used == nullptr ? Spending().ToJson() : *used;
  total.Set("trials_ended", manifest.planned - manifest.counts["skipped"]);
  total.Set("errors", manifest.counts["error"]);
  manifest.budget.Set("used", std::move(total));
}

/// Whoever waits at a terminal should not have to open the notes to learn that a key is wrong.
void PrintFirstError(const std::vector<FailureKind>& failures, std::uint64_t ended) {
  const auto error = std::ranges::find(failures, "error", &FailureKind::outcome);
  if (error == failures.end()) return;
  PrintNote(FitNote(fmt::format("{} of {} trials ended in an error such as: {}", error->count, ended,
                                Printable(error->example, 400))));
}

/// Which limit stopped the run, and in a trial's own words why, which need not be that it was used up.
std::string BudgetNote(const Manifest& manifest, const std::vector<FailureKind>& failures, std::int64_t skipped) {
  const std::string_view limit = manifest.budget.StringOr("stopped_by", "");
  if (StoppedByItsGates(manifest)) {
    return fmt::format("note: the gates were decided early; {} of {} trials were not needed", skipped,
                       manifest.planned);
  }
  const auto failure = std::ranges::find(failures, "skipped", &FailureKind::outcome);
  const std::string why = failure == failures.end() ? "" : Printable(failure->example, 400);
  return fmt::format("note: stopped early{}{}; {} of {} trials are `skipped`{}{}", limit.empty() ? "" : " by limits.",
                     limit, skipped, manifest.planned, why.empty() ? "" : ": ", why);
}

/// The gates that these trials leave open: asking again is another look.
std::string OpenGates(const GateReport& gates) {
  std::string open;
  for (const GateResult& result : gates.results) {
    if (result.verdict == GateVerdict::kInsufficient) open += (open.empty() ? "" : "|") + result.gate.text;
  }
  return open;
}

std::optional<stats::ExternalCalibration> JudgeCheckedIn(const RunDirectory& run) {
  const auto values = ReadConfigValues(run.path());
  if (!values) return std::nullopt;
  const auto found = std::ranges::find(*values, "judge_checked", [](const auto& value) { return value.first; });
  if (found == values->end()) return std::nullopt;
  const auto text = Json::Parse(found->second);
  return ReadJudgeChecked(text && text->is_string() ? text->AsString() : found->second);
}

/// Judges the gates, writes what people read and says where it is.
Status Present(const RunDirectory& run, Manifest& manifest, const RunAggregate& aggregate,
               Adjustment adjustment = Adjustment::kMaxT, const std::vector<std::string>& later_gates = {}) {
  TRY_ASSIGN(const GateReport gates, JudgeRun(run, manifest, aggregate, later_gates));
  manifest.headline = HeadlineFacts(aggregate);
  manifest.headline.Set("question", QuestionOf(run.path(), manifest));
  manifest.headline.Set("open_gates", OpenGates(gates));
  if (!gates.results.empty()) manifest.headline.Set("gates", GateResultsJson(gates));
  const bool judged = !gates.results.empty() || gates.verdict == GateVerdict::kInvalid;
  manifest.verdict = judged ? std::optional(gates.verdict) : std::nullopt;
  TRY_ASSIGN(const WrittenReports written, WriteRunReports(run, manifest, aggregate,
                                                           {.report = true,
                                                            .notebook = true,
                                                            .gates_markdown = GateSection(gates),
                                                            .adjustment = adjustment,
                                                            .checked = JudgeCheckedIn(run)}));
  TRY(WriteGateFiles(run, manifest, gates, written.headline));
  if (aggregate.unfinished > 0) PrintNote("note: " + UnfinishedWords(aggregate));
  PrintFirstError(written.failures, static_cast<std::uint64_t>(aggregate.total.ended()));
  if (const std::int64_t skipped = aggregate.total.of(Outcome::kSkipped); skipped > 0)
    PrintNote(FitNote(BudgetNote(manifest, written.failures, skipped)));
  for (const std::string& sentence : written.about_replies) PrintNote(FitNote("note: " + Printable(sentence, 1000)));
  if (!written.warning.empty()) PrintNote(FitNote("note: " + written.warning));
  for (const Finding& finding : aggregate.findings) PrintNote(FitNote("note: " + finding.message));
  const std::string table = CellTable(aggregate, OutputWidth());
  const std::string verdict = judged ? FitOutput(GateLine(manifest, gates)) + "\n" : "";
  Print(fmt::format("{}\n{}{}{}\n", FitOutput(written.headline), verdict, table, run.path().string()));
  return {};
}

/// report.html is a copy for people: when it cannot be written, the run is whole all the same.
void OfferHtmlReport(const RunDirectory& run, const Manifest& manifest) {
  constexpr std::size_t kMostCells = 5000;
  if (manifest.cells.size() > kMostCells) {
    return PrintNote(
        fmt::format("note: no report.html: no browser would like {} cells on a page", manifest.cells.size()));
  }
  const Status written = WriteHtmlReport(run.disk(), run.path().parent_path().parent_path(), run.path());
  if (!written) return PrintNote("note: no report.html: " + written.error().Text());
  // Not on stdout: its last line is the run's directory, for scripts.
  PrintNote("page: " + run.File(layout::kHtmlReport).string());
}

/// What is there was made from all rows; it is not replaced by what fewer or other rows say.
int RefuseToPresent(const RunDirectory& run, const RunAggregate& aggregate) {
  for (const std::string& defect : aggregate.defects) PrintNote(defect);
  Print(fmt::format(
      "verdict: INVALID: the rows are not those of this run's plan; its reports were left as they are\n{}\n",
      run.path().string()));
  return kExitInvalid;
}

/// Looks at a question are counted one after the other: of two runs that end at once each would otherwise be the first.
/// As far as one machine can see, and no longer than a minute: another run's pictures are not worth waiting for more.
std::optional<Claim> AwaitTurn(const RunDirectory& run, const Manifest& manifest) {
  const auto looks = [](const std::string& text) {
    const auto gate = ParseGate(text);
    return gate && gate->sequential;
  };
  if (std::ranges::none_of(manifest.gates, looks)) return std::nullopt;
  std::error_code failed;
  const std::string results = std::filesystem::absolute(run.path().parent_path().parent_path(), failed).string();
  for (int i = 0; i < 600; ++i) {
    if (auto turn = Claim::Take("looks of " + results, 0, 1)) return turn;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return std::nullopt;
}

}  // namespace

Status WriteStatus(const RunDirectory& run, Manifest& manifest, RunStatus status) {
  manifest.status = status;
  if (status == RunStatus::kRunning) manifest.finished_utc.clear();
  TRY(TakeSpending(run, manifest));
  return run.WriteManifest(manifest);
}

Expected<int> PresentRun(const RunDirectory& run, Manifest& manifest, Adjustment adjustment,
                         const std::vector<std::string>& later_gates) {
  TRY_ASSIGN(const RunAggregate aggregate,
             AggregateRun(run.path().string(),
                          {.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))}));
  // What is there was made from more; where nothing is there yet, reports that say INVALID are better than none.
  std::error_code ignored;
  if (!aggregate.defects.empty() && std::filesystem::exists(run.File(layout::kSummary), ignored))
    return RefuseToPresent(run, aggregate);
  TRY(Present(run, manifest, aggregate, adjustment, later_gates));
  OfferHtmlReport(run, manifest);
  return ExitCodeOf(manifest.status, manifest.verdict);
}

Expected<int> FinishRun(const RunDirectory& run, Manifest manifest, const RecordedTrials* rows) {
  if (!run.sealed()) {
    // What was spent moves from the ledgers to run.json before sealing removes them.
    TRY(TakeSpending(run, manifest));
    TRY(run.WriteManifest(manifest));
  }
  TRY(rows == nullptr ? run.Seal(manifest.planned) : run.Seal(*rows));
  TRY_ASSIGN(const RunAggregate aggregate, AggregateRun(run.path().string()));
  TakeCounts(aggregate, manifest);
  if (manifest.finished_utc.empty()) manifest.finished_utc = IsoUtc(std::chrono::system_clock::now());
  std::optional<Claim> turn = AwaitTurn(run, manifest);
  TRY(Present(run, manifest, aggregate));
  TRY(run.WriteManifest(manifest));
  TRY(PublishRun(run, manifest));
  turn.reset();
  OfferHtmlReport(run, manifest);
  return ExitCodeOf(manifest.status, manifest.verdict);
}

Status CheckSealed(const RunDirectory& run) {
  TRY_ASSIGN(const RunAggregate aggregate, AggregateRun(run.path().string()));
  return RefuseDamaged(aggregate, "its logs are gone, so only a new run brings them back");
}

Status PublishRun(const RunDirectory& run, const Manifest& manifest) {
  if (run.LatestIsForeign()) {
    PrintNote(fmt::format("note: {} is a directory that xsweep did not make; it was left alone",
                          (run.path().parent_path() / layout::kLatest).string()));
  }
  TRY(run.PointLatestUnlessNewer(manifest));
  return AppendToIndex(run.disk(), run.path().parent_path().parent_path() / layout::kIndex,
                       IndexLine(run.path(), manifest));
}

}  // namespace xsweep
