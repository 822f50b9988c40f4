// JudgeRows: kept dialogues past another judge, row by row, into the logs of a new run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "engine/room.h"
#include "engine/run_trial.h"
#include "engine/shared_budget.h"
#include "models/shelf.h"
#include "net/client/http.h"
#include "net/io_loop.h"
#include "record/logs/trial_log.h"
#include "record/run_directory.h"
#include "record/transcripts/transcript_log.h"
#include "sweep/again/kept_dialogues.h"
#include "sweep/open/experiment.h"

namespace xsweep {

/// What judging writes and spends, and what its models call through. Belongs to the loop's thread.
struct Bench {
  SystemClock clock;
  std::unique_ptr<SharedBudget> budget;  ///< of this process alone, but run.json is written from its ledger
  std::unique_ptr<IoLoop> loop;
  std::unique_ptr<Http> http;
  std::unique_ptr<ExchangeLog> exchanges;
  std::unique_ptr<ModelShelf> shelf;
  std::unique_ptr<TrialLog> rows;
  std::unique_ptr<TranscriptLog> transcripts;
  std::unique_ptr<Room> room;
  std::int64_t cut_short = 0;  ///< dialogues that ended at what only the judge before called success
  Status result;

  Bench() = default;
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
};

/// With logs of its own beside those of earlier processes, whose answers are used again.
Status OpenBench(const RunDirectory& run, const Limits& limits, Bench& bench);
/// Ends the logs. What went wrong while judging comes first.
Status CloseBench(Bench& bench);

/// Whether a dialogue ended at what only the judge of `before` called success.
bool MayBeCutShort(const Trial& before, Outcome now);

/// Prepares every cell's judge; of all roles only the judge has a model, or nullptr where the config names none.
Expected<TrialRunner> PrepareJudges(const Experiment& experiment, const std::function<Expected<Model*>()>& model);

struct JudgingPass {
  const TrialRunner& runner;
  const Plan& plan;
  KeptDialogues& dialogues;
  const std::atomic<bool>& stop;
  std::vector<bool>* done = nullptr;  ///< by place: left out, and marked when its row is kept
  std::function<bool()> left_open{};  ///< whether the last row has to be judged again later; then it is not kept
};
/// One row after the other; several of these may run at once and share `pass.dialogues`. What went wrong stands in
/// `bench.result`.
Async<bool> JudgeRows(JudgingPass pass, Bench& bench);

}  // namespace xsweep
