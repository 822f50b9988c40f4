// RunSession: what a running shard holds, opened and closed in the right order.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/run_session.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <tuple>
#include <vector>

#include "base/system/terminal.h"
#include "base/text.h"
#include "engine/executor.h"
#include "engine/shared_budget.h"
#include "record/recorded_trials.h"
#include "sweep/open/live_models.h"
#include "sweep/rounds.h"

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

int ConversationsFor(const Plan& plan) {
  // A dialogue with a model waits for it nearly all the time; programs are bound by cores.
  const bool processes = std::ranges::any_of(
      plan.cells(), [](const Cell& cell) { return cell.agent.name == "process" || cell.agent.name == "acp"; });
  return processes ? 2 * Threads() : kConversations;
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
  /// Trials of the dialogues [begin, end) that are recorded as errors and will stay so.
  Expected<std::uint64_t> ErrorsIn(const Dialogues& dialogues, std::uint64_t begin, std::uint64_t end) const {
    std::uint64_t errors = 0;
    TRY(recorded_.ForEachRow([&](std::uint64_t index, std::string_view row) -> Status {
      const std::uint64_t dialogue = dialogues.Of(index);
      if (dialogue < begin || dialogue >= end || Attempt(index)) return {};
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
  /// Trials of the dialogues [begin, end) that are missing.
  std::uint64_t In(const Dialogues& dialogues, std::uint64_t begin, std::uint64_t end) const {
    std::uint64_t count = 0;
    for (std::uint64_t dialogue = begin; dialogue < end; ++dialogue) {
      for (const std::uint32_t cell : dialogues.Cells(dialogue))
        count += Attempt(dialogues.TrialIn(cell, dialogue)) ? 1 : 0;
    }
    return count;
  }
  Expected<Trial> Row(std::uint64_t index) const {
    TRY_ASSIGN(const std::string row, recorded_.Row(index));
    return ParseTrialRow(row, "shard log");
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

}  // namespace

/// Closed from the last to the first: the rows' syncs rest on transcripts and exchanges, and these on nothing.
struct RunSession::Logs {
  Missing missing;
  std::unique_ptr<TranscriptLog> transcripts;
  std::unique_ptr<SharedBudget> budget;
  std::unique_ptr<LiveModels> live;
  std::unique_ptr<TrialLog> rows;
};

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

RunSession::RunSession(const Experiment& experiment, const RunDirectory& run, const ExecuteOptions& options)
    : experiment_(experiment), run_(run), options_(options) {
  std::tie(begin_, end_) = ShardRange(experiment.plan.dialogues().size(), options.shard.index, options.shard.count);
}

RunSession::~RunSession() = default;

Expected<std::unique_ptr<RunSession>> RunSession::Open(const Experiment& experiment, const RunDirectory& run,
                                                       const ExecuteOptions& options) {
  std::unique_ptr<RunSession> session(new RunSession(experiment, run, options));
  if (session->begin_ == session->end_) return session;
  TRY_ASSIGN(Claim claim, ClaimTrials(run, session->begin_, session->end_));
  session->claim_.emplace(std::move(claim));
  TRY(run.disk().MakeDirectory(run.shards()));
  TRY(run.disk().SyncDirectory(run.path()));
  TRY_ASSIGN(Missing missing, Missing::Find(run, experiment.plan.size(), options.retry_errors));
  session->open_ = missing.In(experiment.plan.dialogues(), session->begin_, session->end_);
  if (session->nothing_open()) return session;
  // Before anything is asked: the other shards divide what is left of the limits by who says that he is not done.
  TRY(session->MarkShard(false));
  session->logs_ = std::make_unique<Logs>(std::move(missing), nullptr, nullptr, nullptr, nullptr);
  TRY(session->OpenLogs());
  return session;
}

Status RunSession::MarkShard(bool done) const {
  const Shard& shard = options_.shard;
  return shard.count == 1 ? Status() : MarkDone(run_.disk(), run_.shards(), shard.index, shard.count, done);
}

Status RunSession::OpenLogs() {
  const Shard& shard = options_.shard;
  TRY_ASSIGN(logs_->rows, TrialLog::CreateOwn(run_.disk(), run_.shards(), std::to_string(shard.index)));
  const std::string name = logs_->rows->name();
  TRY_ASSIGN(logs_->transcripts, TranscriptLog::Open(run_.disk(), run_.shards() / (name + ".transcripts")));
  TRY_ASSIGN(logs_->budget,
             SharedBudget::Open(run_.disk(), experiment_.config.limits, run_.shards(), name, shard.count));
  if (experiment_.config.mode == Mode::kReal) TRY(OpenModels());
  // A row says that its dialogue and its exchanges are kept, so these are on disk before it is.
  logs_->rows->SyncFirst([logs = logs_.get()]() -> Status {
    TRY(logs->transcripts->Sync());
    return logs->live ? logs->live->Sync() : Status();
  });
  return {};
}

Status RunSession::OpenModels() {
  const auto exchanges = run_.shards() / layout::Log(logs_->rows->name(), layout::kExchangeLog);
  const bool relays = std::ranges::any_of(experiment_.plan.cells(), [](const Cell& cell) {
    return cell.agent.options.StringOr("relay", "none") != "none";
  });
  TRY_ASSIGN(logs_->live, LiveModels::Open(run_, exchanges, options_.replay, relays, *logs_->budget));
  if (!options_.replay.empty()) return {};  // a replay spends nothing that stopping could save
  TRY_ASSIGN(const std::uint64_t errors, logs_->missing.ErrorsIn(experiment_.plan.dialogues(), begin_, end_));
  logs_->budget->budget().StopAboveErrorRate(errors, experiment_.plan.size());
  return {};
}

Status RunSession::Run(const std::atomic<bool>& stop) {
  done_ = nothing_open();
  if (done_) return {};
  LiveModels* live = logs_->live.get();
  const auto models = [live](const Cell& cell) {
    return live != nullptr ? live->ModelsOf(cell) : Expected<ModelSet>(ModelSet());
  };
  TRY_ASSIGN(const TrialRunner runner, TrialRunner::Prepare(experiment_.config, experiment_.plan, experiment_.catalog,
                                                            experiment_.environment, models));
  const std::uint64_t trials = experiment_.plan.dialogues().TrialsWithin(begin_, end_);
  Progress progress(trials, trials - open_, !options_.quiet && StderrIsTerminal(), ColourWanted());
  const auto attempt = [&](std::uint64_t index) { return logs_->missing.Attempt(index); };
  const auto recorded = [&](std::uint64_t index) { return logs_->missing.Row(index); };
  const WorkOrder order{
      experiment_.plan,        runner,   begin_, end_, attempt, recorded, *logs_->rows, *logs_->transcripts,
      logs_->budget->budget(), progress, stop};
  const bool rounds = options_.shard.count == 1 && StopsWhenDecided(experiment_.config);
  TRY(rounds ? RunRounds(order) : RunPlaces(order));
  done_ = true;
  return {};
}

Status RunSession::RunPlaces(const WorkOrder& order) {
  if (logs_->live) {
    const Surroundings place[] = {logs_->live->around()};
    return RunOrder(order, place,
                    Conversations(options_.jobs > 0 ? options_.jobs : ConversationsFor(experiment_.plan)));
  }
  return RunOnThreads(order, options_.jobs > 0 ? options_.jobs : Threads());
}

/// One trial of every task in every cell, then a look at the gates, and so on until they are decided. What is left then
/// is written down as skipped.
Status RunSession::RunRounds(const WorkOrder& order) {
  const Rounds rounds(experiment_.plan);
  WorkOrder part = order;
  part.dialogue_at = [&](std::uint64_t place) { return rounds.DialogueAt(place); };
  for (std::uint64_t round = 0; round < rounds.count(); ++round) {
    part.begin = round * rounds.size();
    part.end = part.begin + rounds.size();
    TRY(RunPlaces(part));
    if (!rounds.LookAfter(round + 1)) continue;
    TRY_ASSIGN(const bool decided, GatesDecided(experiment_.config, run_));
    if (!decided) continue;
    logs_->budget->budget().StopDecided();
    part.begin = part.end;
    part.end = rounds.count() * rounds.size();
    return RunPlaces(part);
  }
  return {};
}

Status RunSession::Close() {
  if (begin_ == end_) return {};
  if (logs_) {
    // All are closed before any failure is told: what one could not write is no reason to lose what the others hold.
    const Status exchanges = logs_->live ? logs_->live->Close() : Status();
    const Status rows = logs_->rows->Close();
    const Status budget = logs_->budget->Close();
    TRY(exchanges);
    TRY(rows);
    TRY(budget);
  }
  return done_ ? MarkShard(true) : Status();
}

Status RunMissing(const Experiment& experiment, const RunDirectory& run, const ExecuteOptions& options,
                  const std::atomic<bool>& stop) {
  TRY_ASSIGN(const auto session, RunSession::Open(experiment, run, options));
  const Status ran = session->Run(stop);
  const Status closed = session->Close();
  return ran ? closed : ran;
}

}  // namespace xsweep
