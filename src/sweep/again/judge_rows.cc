// JudgeRows: kept dialogues past another judge.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/judge_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/system/terminal.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

/// A dialogue that several rows share is kept once here, too: of a row that was read through a pointer, what is its
/// own.
Json OwnOf(const Json& transcript) {
  if (!transcript.is_object() || transcript.Find("dialogue") == nullptr) return transcript;
  Json own = Json::MakeObject();
  for (const char* member : {"dialogue", "stop", "assessment", "task"}) {
    if (const Json* value = transcript.Find(member)) own.Set(member, *value);
  }
  return own;
}

Status Keep(const Trial& row, const Json& dialogue, Bench& bench) {
  std::string bytes;
  const Json transcript = OwnOf(dialogue);
  if (transcript.is_object()) AppendTranscriptRecord(row.index, row.attempt, transcript.Dump(), bytes);
  if (!bytes.empty()) TRY(bench.transcripts->Append(bytes));
  bytes.clear();
  AppendTrialRow(row, bytes);
  return bench.rows->Append(bytes);
}

/// The trial that a row is. The rows of an import are no whole grid: they are found by name, and the one cell of the
/// config stands for all of theirs.
Expected<TrialIdentity> IdentityOf(const Plan& plan, const Trial& row) {
  if (row.index < plan.size()) {
    const TrialIdentity planned = plan.At(row.index);
    const bool same = plan.cells()[planned.cell].id == row.cell && plan.tasks()[planned.task] == row.task &&
                      planned.seed == row.seed && planned.trial == row.trial;
    if (same) return planned;
  }
  const auto task = std::ranges::find(plan.tasks(), row.task);
  if (task == plan.tasks().end() || plan.cells().size() != 1)
    return UserError(
        fmt::format("has a row of task `{}` in cell `{}`, which its config does not plan", row.task, row.cell),
        layout::kRows);
  return TrialIdentity{row.index, 0, static_cast<std::uint32_t>(task - plan.tasks().begin()), row.seed, row.trial};
}

/// A judge that waits for nothing is called from deeper in the stack with every row (gcc 12 does not turn the jump
/// between coroutines into one everywhere), until the loop has its turn.
constexpr std::size_t kRowsAtOnce = 64;

/// What judging a dialogue is expected to use, before any has told.
Spending OneQuestion() {
  Usage usage;
  usage.calls = 1;
  Spending expected;
  expected.Add(Role::kJudge, usage);
  return expected;
}

Status Stopped() { return std::unexpected(Error{ErrorKind::kInterrupted, "interrupted", {}}); }

}  // namespace

Status OpenBench(const RunDirectory& run, const Limits& limits, Bench& bench) {
  TRY_ASSIGN(bench.loop, IoLoop::Create(bench.clock));
  TRY(run.disk().MakeDirectory(run.shards()));
  TRY_ASSIGN(bench.rows, TrialLog::CreateOwn(run.disk(), run.shards(), "0"));
  const std::string& name = bench.rows->name();
  TRY_ASSIGN(bench.budget, SharedBudget::Open(run.disk(), limits, run.shards(), name));
  TRY_ASSIGN(bench.transcripts,
             TranscriptLog::Open(run.disk(), run.shards() / layout::Log(name, layout::kTranscriptLog)));
  bench.http = std::make_unique<Http>(*bench.loop);
  ModelSources sources{.http = bench.http.get()};
  TRY_ASSIGN(bench.exchanges, ExchangeLog::Open(run.disk(), run.shards() / layout::Log(name, layout::kExchangeLog)));
  sources.log = bench.exchanges.get();
  TRY_ASSIGN(sources.reuse, Recording::OpenSound(run.exchanges()));
  if (const std::string damage = sources.reuse->damage(); !damage.empty()) PrintNote("note: " + damage);
  Budget& budget = bench.budget->budget();
  sources.hooks.admit = [&budget](const ModelRequest&) { return budget.MayCall(); };
  sources.hooks.spent = [&budget](Role role, const Usage& usage) { budget.Charge(role, usage); };
  bench.shelf = std::make_unique<ModelShelf>(std::move(sources));
  bench.room = std::make_unique<Room>(*bench.loop, budget, OneQuestion());
  return {};
}

Status CloseBench(Bench& bench) {
  TRY(bench.transcripts->Sync());
  const Status exchanges_closed = bench.exchanges->Close();
  const Status rows_closed = bench.rows->Close(), budget_closed = bench.budget->Close();
  TRY(std::move(bench.result));
  TRY(exchanges_closed);
  TRY(rows_closed);
  return budget_closed;
}

bool MayBeCutShort(const Trial& before, Outcome now) {
  const bool stopped = before.success_query > 0 && before.success_query == before.queries;
  return stopped && now != Outcome::kAttackSucceeded;
}

Expected<TrialRunner> PrepareJudges(const Experiment& experiment, const std::function<Expected<Model*>()>& model) {
  const auto judge_only = [&](const Cell& cell) -> Expected<ModelSet> {
    ModelSet models;
    if (cell.models[Role::kJudge]) {
      TRY_ASSIGN(models[Role::kJudge], model());
    }
    return models;
  };
  return TrialRunner::Prepare(experiment.config, experiment.plan, experiment.catalog, experiment.environment,
                              judge_only);
}

Async<bool> JudgeRows(JudgingPass pass, Bench& bench) {
  const Surroundings around{.loop = bench.loop.get(), .http = bench.http.get()};
  const std::vector<bool> none;
  for (std::size_t row_number = 1; bench.result; ++row_number) {
    if (row_number % kRowsAtOnce == 0) {
      auto yielding = bench.loop->Sleep(std::chrono::nanoseconds(0));
      (void)co_await yielding;
    }
    if (pass.stop) bench.result = Stopped();
    if (pass.stop) break;
    auto awaiting = bench.room->Await();
    Status room = co_await awaiting;
    if (!room && bench.result) bench.result = std::move(room);
    if (!bench.result) break;
    auto next = pass.dialogues.Take(pass.done != nullptr ? *pass.done : none);
    if (!next) bench.result = std::unexpected(next.error());
    if (!next || !*next) break;
    const auto identity = IdentityOf(pass.plan, (*next)->row);
    if (!identity) bench.result = std::unexpected(identity.error());
    if (!identity) break;
    auto judging = pass.runner.Rejudge(*identity, (*next)->row, (*next)->dialogue, around);
    bench.room->Begin();
    auto row = co_await judging;
    const bool open = pass.left_open && pass.left_open();
    // Before the others are woken: what this one has cost tells how much room there is.
    if (!open) bench.budget->budget().CountTrial(row && row->outcome == Outcome::kError, (*next)->dialogue != nullptr);
    bench.room->End();
    if (!bench.result) break;
    if (open) continue;
    if (row && MayBeCutShort((*next)->row, row->outcome)) ++bench.cut_short;
    bench.result = row ? Keep(*row, (*next)->transcript, bench) : std::unexpected(row.error());
    if (pass.done != nullptr) (*pass.done)[(*next)->place] = true;
  }
  co_return true;
}

}  // namespace xsweep
