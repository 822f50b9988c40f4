// JudgeBatches: a judge that is a model, asked through its provider's batch endpoint.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/judge_batches.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/system/terminal.h"
#include "models/batches/batch_model.h"
#include "models/batches/batch_notes.h"
#include "models/batches/batches.h"
#include "record/logs/layout.h"
#include "sweep/again/judge_rows.h"
#include "words/call_limits.h"

namespace xsweep {
namespace {

constexpr double kMostHours = 24 * 365;

const PartConfig& JudgesModel(const Experiment& experiment) { return *experiment.config.models[Role::kJudge]; }

/// The first limit on what a model uses that has to be kept by guessing ahead.
std::optional<std::string> LimitToGuess(const Limits& limits, CallLimit limit) {
  if (BoundsOf(limits)[limit]) return fmt::format("limits.{}", NameOf(limit));
  if (BoundsOf(limits.roles[Role::kJudge])[limit])
    return fmt::format("limits.roles.{}.{}", NameOf(Role::kJudge), NameOf(limit));
  return std::nullopt;
}

/// All of a batch is paid for when it is sent, so a limit is kept by what questions may take at the most.
Status CheckLimits(const Limits& limits, const ModelBatches& batches) {
  for (const CallLimit limit : {CallLimit::kCompletionTokens, CallLimit::kTotalTokens, CallLimit::kCost}) {
    const auto where = LimitToGuess(limits, limit);
    if (where && !batches.max_tokens)
      return UserError("what a batch may take is not known before it is sent; set `models.judge.max_tokens`", *where);
    if (where && limit == CallLimit::kCost && !batches.price)
      return UserError("cannot be kept: the price of the judge's model is not known; set `models.judge.price`", *where);
  }
  return {};
}

Status FitsInto(const CallLimits& limits, Usage used, const Usage& more, std::string_view of) {
  used += more;
  const auto bounds = BoundsOf(limits);
  for (const CallLimit limit : kEvery<CallLimit>) {
    if (!bounds[limit] || AmountOf(used, limit) <= *bounds[limit]) continue;
    return std::unexpected(Error{ErrorKind::kBudget,
                                 fmt::format("the run's {}{} leaves no room for a question that may take all it is "
                                             "allowed",
                                             of, NameOf(limit)),
                                 {}});
  }
  return {};
}

bool HasCallLimits(const Limits& limits) {
  return static_cast<const CallLimits&>(limits) != CallLimits() || limits.roles[Role::kJudge] != CallLimits();
}

BatchModelSettings SettingsOf(const ModelBatches& batches, const Limits& limits, Budget& budget) {
  BatchModelSettings settings{.name = batches.model,
                              .answer_settings = batches.answer_settings,
                              .max_retries = batches.max_retries,
                              .max_tokens = batches.max_tokens};
  settings.admit = [&budget] { return budget.MayCall(); };
  settings.spent = [&budget](Role role, const Usage& usage) { budget.Charge(role, usage); };
  if (batches.price) settings.price = [price = *batches.price](const Usage& usage) { return price.CostNanoUsd(usage); };
  if (!HasCallLimits(limits)) return settings;
  settings.room = [&budget, limits](const Usage& at_most) -> Status {
    const Spending used = budget.used();
    TRY(FitsInto(limits, used.usage, at_most, ""));
    return FitsInto(limits.roles[Role::kJudge], used.by_role[Role::kJudge], at_most, "roles.judge.");
  };
  return settings;
}

/// One judging in batches: passes over what is not judged yet, and waits between them.
class Judging {
 public:
  Judging(const Experiment& experiment, const RunDirectory& old_run, Bench& bench, Batches& batches, BatchModel& model,
          const std::atomic<bool>& stop)
      : experiment_(experiment), old_run_(old_run), bench_(bench), batches_(batches), model_(model), stop_(stop) {}

  /// Where limits are, nothing new is asked in the pass that charges what came back, now or to an earlier process: its
  /// real cost makes the room.
  Status Run(const TrialRunner& runner, const BatchPatience& patience) {
    const bool limited = HasCallLimits(experiment_.config.limits);
    bool ask = !limited || !batches_.begun();
    for (;;) {
      TRY(Pass(runner, ask));
      if (std::ranges::find(done_, false) == done_.end()) return {};
      if (model_.held_back() > 0) {
        PrintNote(
            fmt::format("the limits leave room for {} questions in this round of batches, and {} wait until their "
                        "real cost is known",
                        model_.asked(), model_.held_back()));
      }
      const bool waiting = batches_.waiting();
      if (waiting) {
        auto settling = batches_.Settle(patience);
        TRY(bench_.loop->Run(std::move(settling)));
      }
      ask = !limited || (!waiting && !ask);
    }
  }

 private:
  Status Pass(const TrialRunner& runner, bool ask) {
    TRY_ASSIGN(KeptDialogues dialogues, KeptDialogues::Open(old_run_));
    done_.resize(dialogues.size(), false);
    model_.BeginPass(ask);
    JudgingPass pass{runner, experiment_.plan, dialogues, stop_, &done_, [this] { return model_.TakeOpen(); }};
    bench_.loop->Run(JudgeRows(std::move(pass), bench_));
    return bench_.result;
  }

  const Experiment& experiment_;
  const RunDirectory& old_run_;
  Bench& bench_;
  Batches& batches_;
  BatchModel& model_;
  const std::atomic<bool>& stop_;
  std::vector<bool> done_;
};

BatchPatience PatienceOf(const Bench& bench, const BatchWish& wish, const std::atomic<bool>& stop) {
  const auto wait = std::chrono::duration<double, std::ratio<3600>>(std::clamp(wish.wait_hours, 0.0, kMostHours));
  return {.until = bench.clock.Now() + std::chrono::duration_cast<SteadyTime::duration>(wait),
          .stop = &stop,
          .tell = [](const std::string& words) { PrintNote(words); }};
}

}  // namespace

Status CheckBatches(const Experiment& experiment) {
  if (!experiment.config.models[Role::kJudge])
    return UserError(fmt::format("judge `{}` asks no model, so nothing could go into a batch; leave --batch away, or "
                                 "name a judge that asks one",
                                 experiment.config.judge.name),
                     "--batch");
  SystemClock clock;
  TRY_ASSIGN(const auto loop, IoLoop::Create(clock));
  Http http(*loop);
  const ModelShelf shelf({.http = &http});
  const PartConfig& model = JudgesModel(experiment);
  TRY_ASSIGN(const ModelBatches batches, shelf.BatchesOf(model.name, model.options));
  return CheckLimits(experiment.config.limits, batches);
}

Expected<std::int64_t> JudgeInBatches(const Experiment& experiment, const RunDirectory& old_run,
                                      const RunDirectory& run, const BatchWish& wish, const std::atomic<bool>& stop) {
  const std::filesystem::path folder = run.File(layout::kBatches);
  // What an earlier part has judged is judged again from what lies in the folder, so that nothing is counted twice.
  TRY(RemoveTree(run.shards()));
  Bench bench;
  TRY(OpenBench(run, experiment.config.limits, bench));
  const PartConfig& part = JudgesModel(experiment);
  TRY_ASSIGN(const ModelBatches there, bench.shelf->BatchesOf(part.name, part.options));
  TRY_ASSIGN(const auto notes,
             BatchNotes::Open(run.disk(), folder, Json::MakeObject({{"dialogues_of", old_run.run_id()}})));
  TRY_ASSIGN(const auto batches,
             Batches::Open(*bench.loop, run.disk(), *there.api, *notes, static_cast<std::size_t>(wish.size)));
  BatchModel model(SettingsOf(there, experiment.config.limits, bench.budget->budget()), *there.api, *batches,
                   notes->mark(), *bench.exchanges);
  TRY_ASSIGN(const TrialRunner runner, PrepareJudges(experiment, [&]() -> Expected<Model*> { return &model; }));
  Judging judging(experiment, old_run, bench, *batches, model, stop);
  const StopWatch watch(*bench.loop, stop);
  TRY(judging.Run(runner, PatienceOf(bench, wish, stop)));
  TRY(CloseBench(bench));
  return bench.cut_short;
}

}  // namespace xsweep
