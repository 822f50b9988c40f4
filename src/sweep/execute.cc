// Execute: running what is missing of a run, then finishing it.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/execute.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "analyze/aggregate.h"
#include "base/terminal.h"
#include "base/text.h"
#include "engine/executor.h"
#include "engine/shared_budget.h"
#include "page/html_report.h"
#include "present/gate_report.h"
#include "present/run_reports.h"
#include "record/index.h"
#include "record/run_id.h"
#include "sweep/live_models.h"
#include "sweep/question.h"
#include "sweep/run_index.h"
#include "sweep/verdict.h"
#include "words/exit_code.h"

namespace xsweep {
namespace {

/// Conversations at once where --jobs does not say; providers have limits of their own.
constexpr int kConversations = 32;
int Threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 256U)); }

/// As many conversations as were asked for, or as this process may hold connections open.
int Conversations(int wanted) {
  constexpr int kOtherFiles = 40;  // logs, locks, the loop's own
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const auto room = static_cast<std::int64_t>(limit.rlim_cur) - kOtherFiles;
  const int allowed = static_cast<int>(std::clamp<std::int64_t>(room, 1, wanted));
  if (allowed < wanted) {
    PrintNote(
        fmt::format("note: {} conversations at once and not {}: this system lets a process open {} files only "
                    "(`ulimit -n`)",
                    allowed, wanted, limit.rlim_cur));
  }
  return allowed;
}

/// Which trials still have to run. A retried one gets the attempt after its last.
class Missing {
 public:
  static Expected<Missing> Find(const RunDirectory& run, std::uint64_t planned, bool retry_errors) {
    TRY_ASSIGN(auto recorded, RecordedTrials::Scan(run.shards(), planned));
    for (const std::string& loss : recorded.losses()) PrintNote("note: " + loss);
    Missing missing(std::move(recorded));
    if (retry_errors) TRY(missing.FindErrors());
    return missing;
  }
  /// Trials of [begin, end) that are recorded as errors and will stay so.
  Expected<std::uint64_t> ErrorsIn(std::uint64_t begin, std::uint64_t end) const {
    std::uint64_t errors = 0;
    TRY(recorded_.ForEachRow([&](std::uint64_t index, std::string_view row) -> Status {
      if (index < begin || index >= end || Attempt(index)) return {};
      TRY_ASSIGN(const Trial trial, ParseTrialRow(row, "shard log"));
      errors += trial.outcome == Outcome::kError ? 1 : 0;
      return {};
    }));
    return errors;
  }
  std::optional<std::uint32_t> Attempt(std::uint64_t index) const {
    if (!recorded_.Has(index)) return 0;
    const auto retry = std::ranges::lower_bound(retries_, index, {}, &Retry::index);
    return retry == retries_.end() || retry->index != index ? std::nullopt : std::optional(retry->attempt);
  }
  std::uint64_t In(std::uint64_t begin, std::uint64_t end) const {
    std::uint64_t count = 0;
    for (std::uint64_t index = begin; index < end; ++index) count += Attempt(index) ? 1 : 0;
    return count;
  }

 private:
  struct Retry {
    std::uint64_t index;
    std::uint32_t attempt;
  };
  explicit Missing(RecordedTrials recorded) : recorded_(std::move(recorded)) {}
  Status FindErrors() {
    return recorded_.ForEachRow([&](std::uint64_t index, std::string_view row) -> Status {
      TRY_ASSIGN(const Trial trial, ParseTrialRow(row, "shard log"));
      if (trial.outcome == Outcome::kError || trial.outcome == Outcome::kSkipped)
        retries_.push_back({index, trial.attempt + 1});
      return {};
    });
  }
  RecordedTrials recorded_;
  std::vector<Retry> retries_;  ///< by index
};

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
  manifest.status = skipped ? "budget" : "completed";
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
  PrintNote(fmt::format("{} of {} trials ended in an error such as: {}", error->count, ended,
                        Printable(error->example, 400)));
}

/// The gates that these trials leave open: asking again is another look.
std::string OpenGates(const GateReport& gates) {
  std::string open;
  for (const GateResult& result : gates.results) {
    if (result.verdict == GateVerdict::kInsufficient) open += (open.empty() ? "" : "|") + result.gate.text;
  }
  return open;
}

/// Judges the gates, writes what people read and says where it is.
Status Present(const RunDirectory& run, Manifest& manifest, const RunAggregate& aggregate,
               Adjustment adjustment = Adjustment::kMaxT, const std::vector<std::string>& later_gates = {}) {
  TRY_ASSIGN(const GateReport gates, JudgeRun(run, manifest, aggregate, later_gates));
  manifest.headline = HeadlineFacts(aggregate);
  manifest.headline.Set("question", QuestionOf(run.path(), manifest));
  manifest.headline.Set("open_gates", OpenGates(gates));
  const bool judged = !gates.results.empty() || gates.verdict == GateVerdict::kInvalid;
  manifest.verdict = judged ? NameOf(gates.verdict) : "";
  TRY_ASSIGN(const WrittenReports written,
             WriteRunReports(
                 run, manifest, aggregate,
                 {.report = true, .notebook = true, .gates_markdown = GateSection(gates), .adjustment = adjustment}));
  TRY(WriteGateFiles(run, manifest, gates, written.headline));
  PrintFirstError(written.failures, static_cast<std::uint64_t>(aggregate.total.ended()));
  for (const std::string& sentence : written.about_replies) PrintNote("note: " + Printable(sentence, 1000));
  if (!written.warning.empty()) PrintNote("note: " + written.warning);
  for (const Finding& finding : aggregate.findings) PrintNote("note: " + finding.message);
  Print(
      fmt::format("{}\n{}{}\n", written.headline, judged ? GateLine(manifest, gates) + "\n" : "", run.path().string()));
  return {};
}

std::string BudgetNote(const Manifest& manifest) {
  const std::string_view limit = manifest.budget.StringOr("stopped_by", "");
  return fmt::format("note: stopped early{}{}; {} of {} trials are `skipped`", limit.empty() ? "" : " by limits.",
                     limit, manifest.counts.at("skipped"), manifest.planned);
}

/// report.html is a copy for people: when it cannot be written, the run is whole all the same.
void OfferHtmlReport(const RunDirectory& run, const Manifest& manifest) {
  constexpr std::size_t kMostCells = 5000;
  if (manifest.cells.size() > kMostCells) {
    return PrintNote(
        fmt::format("note: no report.html: no browser would like {} cells on a page", manifest.cells.size()));
  }
  const Status written = WriteHtmlReport(run.disk(), run.path().parent_path().parent_path(), run.path());
  if (!written) PrintNote("note: no report.html: " + written.error().Text());
}

/// What is there was made from all rows; it is not replaced by what fewer or other rows say.
int RefuseToPresent(const RunDirectory& run, const RunAggregate& aggregate) {
  for (const std::string& defect : aggregate.defects) PrintNote(defect);
  Print(fmt::format(
      "verdict: INVALID: the rows are not those of this run's plan; its reports were left as they are\n{}\n",
      run.path().string()));
  return kExitInvalid;
}

}  // namespace

int ExitCodeOf(const Manifest& manifest) {
  const ExitCode said = ExitCodeOf(Parse<GateVerdict>(manifest.verdict).value_or(GateVerdict::kPass));
  if (said == kExitInvalid || said == kExitFail) return said;
  return manifest.status == NameOf(RunStatus::kBudget) ? kExitBudget : said;
}

Expected<Shard> ParseShard(const std::string& text) {
  const auto parts = Split(text, '/');
  const auto index = parts.size() == 2 ? ParseUnsigned(parts[0]) : std::nullopt;
  const auto count = parts.size() == 2 ? ParseUnsigned(parts[1]) : std::nullopt;
  if (!index || !count || *count == 0 || *count > 1000000 || *index >= *count) {
    return UserError(
        fmt::format("`{}` is no shard; say INDEX/COUNT with 0 <= INDEX < COUNT, e.g. 3/16", Printable(text)),
        "--shard");
  }
  return Shard{static_cast<std::uint32_t>(*index), static_cast<std::uint32_t>(*count)};
}

Expected<Claim> ClaimTrials(const RunDirectory& run, std::uint64_t begin, std::uint64_t end) {
  auto claim = Claim::Take(std::filesystem::weakly_canonical(run.path()).string(), begin, end);
  if (!claim)
    return UserError(
        fmt::format("trials {} to {} of this run are being run by another process of this machine", begin, end - 1),
        run.path().string());
  return std::move(*claim);
}

Status RunMissing(const Experiment& experiment, const RunDirectory& run, const ExecuteOptions& options,
                  const std::atomic<bool>& stop) {
  const Plan& plan = experiment.plan;
  const auto [begin, end] = ShardRange(plan.size(), options.shard.index, options.shard.count);
  const Shard& shard = options.shard;
  if (begin == end) return {};
  TRY_ASSIGN(const Claim claim, ClaimTrials(run, begin, end));
  TRY(run.disk().MakeDirectory(run.shards()));
  TRY(run.disk().SyncDirectory(run.path()));
  TRY_ASSIGN(const Missing missing, Missing::Find(run, plan.size(), options.retry_errors));
  const std::uint64_t open = missing.In(begin, end);
  const auto mark_done = [&](bool done) {
    return shard.count == 1 ? Status() : MarkDone(run.disk(), run.shards(), shard.index, shard.count, done);
  };
  if (open == 0) return mark_done(true);
  TRY(mark_done(false));
  // The rows are closed first: their syncs rest on what is declared above them.
  std::unique_ptr<TranscriptLog> transcripts;
  std::unique_ptr<SharedBudget> budget;
  std::unique_ptr<LiveModels> live;
  TRY_ASSIGN(const auto rows, TrialLog::CreateOwn(run.disk(), run.shards(), std::to_string(shard.index)));
  TRY_ASSIGN(transcripts, TranscriptLog::Open(run.disk(), run.shards() / (rows->name() + ".transcripts")));
  TRY_ASSIGN(budget, SharedBudget::Open(run.disk(), experiment.config.limits, run.shards(), rows->name(), shard.count));
  if (experiment.config.mode == Mode::kReal) {
    TRY_ASSIGN(live, LiveModels::Open(run, run.shards() / (rows->name() + ".exchanges"), options.replay, *budget));
    // A replay spends nothing that stopping could save.
    if (options.replay.empty()) {
      TRY_ASSIGN(const std::uint64_t errors, missing.ErrorsIn(begin, end));
      budget->budget().StopAboveErrorRate(errors, plan.size());
    }
  }
  rows->SyncFirst([&]() -> Status {
    TRY(transcripts->Sync());
    return live ? live->Sync() : Status();
  });
  const auto models = [&](const Cell& cell) { return live ? live->ModelsOf(cell) : Expected<ModelSet>(ModelSet()); };
  TRY_ASSIGN(const TrialRunner runner,
             TrialRunner::Prepare(experiment.config, plan, experiment.catalog, experiment.environment, models));
  Status result;
  {
    Progress progress(end - begin, end - begin - open, !options.quiet && StderrIsTerminal(), ColourWanted());
    const auto attempt = [&](std::uint64_t index) { return missing.Attempt(index); };
    const WorkOrder order{plan, runner, begin, end, attempt, *rows, *transcripts, budget->budget(), progress, stop};
    if (live) {
      const Surroundings place[] = {live->around()};
      const bool processes = std::ranges::any_of(
          plan.cells(), [](const Cell& cell) { return cell.agent.name == "process" || cell.agent.name == "acp"; });
      const int habit = processes ? 2 * Threads() : kConversations;
      result = RunOrder(order, place, Conversations(options.jobs > 0 ? options.jobs : habit));
    } else {
      result = RunOnThreads(order, options.jobs > 0 ? options.jobs : Threads());
    }
  }
  if (const Status closed = rows->Close(); result && !closed) result = closed;
  if (const Status closed = budget->Close(); result && !closed) result = closed;
  TRY(result);
  return mark_done(true);
}

Status WriteStatus(const RunDirectory& run, Manifest& manifest, std::string_view status) {
  manifest.status = status;
  if (status == "running") manifest.finished_utc.clear();
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
  if (!aggregate.defects.empty() && std::filesystem::exists(run.File("summary.csv"), ignored))
    return RefuseToPresent(run, aggregate);
  TRY(Present(run, manifest, aggregate, adjustment, later_gates));
  OfferHtmlReport(run, manifest);
  return ExitCodeOf(manifest);
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
  TRY(Present(run, manifest, aggregate));
  if (manifest.status == "budget") PrintNote(BudgetNote(manifest));
  TRY(run.WriteManifest(manifest));
  TRY(PublishRun(run, manifest));
  OfferHtmlReport(run, manifest);
  return ExitCodeOf(manifest);
}

Status PublishRun(const RunDirectory& run, const Manifest& manifest) {
  if (run.LatestIsForeign()) {
    PrintNote(fmt::format("note: {} is a directory that xsweep did not make; it was left alone",
                          (run.path().parent_path() / "latest").string()));
  }
  TRY(run.PointLatestUnlessNewer(manifest));
  return AppendToIndex(run.disk(), run.path().parent_path().parent_path() / "index.csv",
                       IndexLine(run.path(), manifest));
}

}  // namespace xsweep
