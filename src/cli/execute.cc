// Execute: running what is missing of a run, then finishing it.
// SPDX-License-Identifier: Apache-2.0
#include "cli/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "analyze/aggregate.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/live_models.h"
#include "cli/run_index.h"
#include "cli/verdict.h"
#include "engine/live.h"
#include "engine/local.h"
#include "present/gate_report.h"
#include "present/html_report.h"
#include "present/run_reports.h"
#include "record/index.h"
#include "record/run_id.h"

namespace xsweep {
namespace {

/// Conversations at once where --jobs does not say; providers have limits of their own.
constexpr int kConversations = 32;
int Threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 256U)); }

/// Which trials still have to run. A retried error gets the attempt after its last one.
class Missing {
 public:
  static Expected<Missing> Find(const RunDirectory& run, std::uint64_t planned, bool retry_errors) {
    TRY_ASSIGN(auto recorded, RecordedTrials::Scan(run.shards(), planned));
    Missing missing(std::move(recorded));
    if (retry_errors) TRY(missing.FindErrors());
    return missing;
  }
  std::optional<std::uint32_t> Attempt(std::uint64_t index) const {
    if (!recorded_.Has(index)) return 0;
    const auto retry = retries_.find(index);
    return retry == retries_.end() ? std::nullopt : std::optional(retry->second);
  }
  std::uint64_t recorded() const { return recorded_.recorded() - retries_.size(); }

 private:
  explicit Missing(RecordedTrials recorded) : recorded_(std::move(recorded)) {}
  Status FindErrors() {
    return recorded_.ForEachRow([&](std::uint64_t index, std::string_view row) -> Status {
      if (row.find("\"outcome\":\"error\"") == std::string_view::npos) return {};
      TRY_ASSIGN(const Trial trial, ParseTrialRow(row, "shard log"));
      if (trial.outcome == Outcome::kError) retries_[index] = trial.attempt + 1;
      return {};
    });
  }
  RecordedTrials recorded_;
  std::map<std::uint64_t, std::uint32_t> retries_;
};

/// Over all attacked cells; null where there is nothing to say.
Json Headline(const Rate& asr) {
  const auto bounds = asr.bounds95();
  const auto or_null = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  return Json::MakeObject({{"n", asr.n},
                           {"successes", asr.successes},
                           {"asr", or_null(asr.value())},
                           {"asr_lower95", or_null(bounds ? std::optional(bounds->low) : std::nullopt)},
                           {"asr_upper95", or_null(bounds ? std::optional(bounds->high) : std::nullopt)}});
}

/// Judges the gates, writes what people read and says where it is.
Status Present(const RunDirectory& run, Manifest& manifest, const RunAggregate& aggregate) {
  TRY_ASSIGN(const GateReport gates, JudgeRun(run, manifest, aggregate));
  const bool judged = !gates.results.empty() || gates.verdict == GateVerdict::kInvalid;
  manifest.verdict = judged ? GateVerdictName(gates.verdict) : "";
  TRY_ASSIGN(const WrittenReports written,
             WriteRunReports(run, manifest, aggregate,
                             {.report = true, .notebook = true, .gates_markdown = GateSection(gates)}));
  TRY(WriteGateFiles(run, manifest, gates, written.headline));
  if (!written.warning.empty()) PrintNote("note: " + written.warning);
  Print(
      fmt::format("{}\n{}{}\n", written.headline, judged ? GateLine(manifest, gates) + "\n" : "", run.path().string()));
  return {};
}

/// report.html is a copy for people: when it cannot be written, the run is whole all the same.
void OfferHtmlReport(const RunDirectory& run) {
  const Status written = WriteHtmlReport(run.disk(), run.path().parent_path().parent_path(), run.path());
  if (!written) PrintNote("note: no report.html: " + written.error().Text());
}

/// INVALID beats everything; a run that a budget stopped says so unless a gate was clear about it.
int ExitCodeOf(const Manifest& manifest) {
  if (manifest.verdict == "INVALID") return kExitInvalid;
  if (manifest.verdict == "FAIL") return kExitFail;
  if (manifest.status == "budget") return kExitBudget;
  return manifest.verdict == "INSUFFICIENT" ? kExitInsufficient : kExitDone;
}

}  // namespace

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

Status RunMissing(const Experiment& experiment, const RunDirectory& run, Manifest& manifest,
                  const ExecuteOptions& options, const std::atomic<bool>& stop) {
  const Plan& plan = experiment.plan;
  TRY(run.disk().MakeDirectory(run.shards()));
  const std::string name = std::to_string(options.shard.index);
  TRY_ASSIGN(const FileLock lock, FileLock::Acquire(run.shards() / ("." + name + ".lock"), std::chrono::seconds(2)));
  TRY_ASSIGN(const Missing missing, Missing::Find(run, plan.size(), options.retry_errors));
  TRY_ASSIGN(auto rows, TrialLog::Open(run.disk(), run.shards() / (name + ".jsonl")));
  TRY_ASSIGN(auto transcripts, TranscriptLog::Open(run.disk(), run.shards() / (name + ".transcripts")));
  const Json* used = manifest.budget.Find("used");
  Budget budget(experiment.config.limits, used == nullptr ? Spending() : Spending::FromJson(*used));
  std::unique_ptr<LiveModels> live;
  if (experiment.config.mode == Mode::kReal) {
    TRY_ASSIGN(live, LiveModels::Open(run, run.shards() / (name + ".exchanges"), options.replay, budget));
  }
  const auto models = [&](const Cell& cell) { return live ? live->ModelsOf(cell) : Expected<ModelSet>(ModelSet()); };
  TRY_ASSIGN(const TrialRunner runner,
             TrialRunner::Prepare(experiment.config, plan, experiment.catalog, experiment.environment, models));
  const auto [begin, end] = ShardRange(plan.size(), options.shard.index, options.shard.count);
  Status result;
  {
    Progress progress(end - begin, std::min(missing.recorded(), end - begin), !options.quiet && StderrIsTerminal(),
                      ColourWanted());
    const auto attempt = [&](std::uint64_t index) { return missing.Attempt(index); };
    const WorkOrder order{plan, runner, begin, end, attempt, *rows, *transcripts, budget, progress, stop};
    result = live ? RunOnLoop(order, options.jobs > 0 ? options.jobs : kConversations, live->loop())
                  : RunOnThreads(order, options.jobs > 0 ? options.jobs : Threads());
  }
  if (const Status closed = rows->Close(); result && !closed) result = closed;
  manifest.budget = budget.ToJson();
  manifest.seconds = budget.used().seconds;
  if (!budget.stopped_by().empty()) manifest.status = "budget";
  if (!result) manifest.status = result.error().kind == ErrorKind::kInterrupted ? "interrupted" : "failed";
  return result;
}

Expected<int> PresentRun(const RunDirectory& run, Manifest& manifest) {
  TRY_ASSIGN(const RunAggregate aggregate,
             AggregateRun(run.path().string(),
                          {.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))}));
  TRY(Present(run, manifest, aggregate));
  OfferHtmlReport(run);
  return ExitCodeOf(manifest);
}

Expected<int> FinishRun(const RunDirectory& run, Manifest manifest) {
  TRY(run.Seal(manifest.planned));
  TRY_ASSIGN(const RunAggregate aggregate, AggregateRun(run.path().string()));
  for (int i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    manifest.counts[std::string(OutcomeName(outcome))] =
        static_cast<std::uint64_t>(aggregate.total.outcomes[static_cast<std::size_t>(i)]);
  }
  if (manifest.status == "running" || manifest.status == "interrupted" || manifest.status == "failed")
    manifest.status = "completed";
  manifest.headline = Headline(aggregate.asr);
  if (manifest.finished_utc.empty()) manifest.finished_utc = IsoUtc(std::chrono::system_clock::now());
  TRY(Present(run, manifest, aggregate));
  TRY(run.WriteManifest(manifest));
  TRY(run.PointLatest());
  TRY(AppendToIndex(run.disk(), run.path().parent_path().parent_path() / "index.csv", IndexLine(run.path(), manifest)));
  OfferHtmlReport(run);
  return ExitCodeOf(manifest);
}

}  // namespace xsweep
