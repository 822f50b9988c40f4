// The live executor: many conversations on one I/O loop.
// SPDX-License-Identifier: Apache-2.0
#include "engine/live.h"

#include <cmath>
#include <list>

#include "plan/estimate.h"

namespace xsweep {
namespace {

/// What a trial of the plan is expected to use of the models, before any has told.
Spending ExpectedOfATrial(const Plan& plan) {
  const double trials = static_cast<double>(std::max<std::uint64_t>(1, plan.size()));
  Spending expected;
  for (const RoleEstimate& role : EstimatePlan(plan, Mode::kReal).roles) {
    Usage usage;
    usage.calls = std::llround(std::ceil(role.calls / trials));
    usage.prompt_tokens = std::llround(role.prompt_tokens / trials);
    usage.completion_tokens = std::llround(role.completion_tokens / trials);
    usage.cost_nano_usd = std::llround(role.cost_usd.value_or(0) / trials * 1e9);
    for (int i = 0; i < kModelRoles; ++i) {
      if (role.role == ModelRoleName(static_cast<ModelRole>(i))) expected.Add(static_cast<ModelRole>(i), usage);
    }
  }
  return expected;
}

class Conversations {
 public:
  Conversations(const WorkOrder& order, IoLoop& loop)
      : order_(order), loop_(loop), next_(order.begin), expected_(ExpectedOfATrial(order.plan)) {}

  Status Run(int conversations) {
    WatchStop();
    for (int i = 0; i < conversations; ++i) loop_.Spawn(Converse(), [](bool) {});
    loop_.RunSpawned();
    if (timer_) loop_.CancelTimer(*timer_);
    TRY(order_.rows.Sync());
    TRY(order_.transcripts.Sync());
    if (result_ && order_.stop) return std::unexpected(Error{ErrorKind::kInterrupted, "interrupted", {}});
    return result_;
  }

 private:
  // A signal handler can only set a flag; the loop looks at it.
  void WatchStop() {
    timer_ = loop_.CallAt(loop_.clock().Now() + std::chrono::milliseconds(100), [this] {
      timer_.reset();
      if (order_.stop.load(std::memory_order_relaxed)) return loop_.RequestStop();
      WatchStop();
    });
  }

  /// One trial after the other until there is none left; a loop, so that trials that never wait do not nest.
  Async<bool> Converse() {
    for (;;) {
      if (const Status room = co_await AwaitRoom(); !room) break;
      const auto next = TakeNext();
      if (!next) break;
      ++under_way_;
      auto record = co_await order_.runner.Run(order_.plan.At(next->index));
      --under_way_;
      for (Wait* wait : std::exchange(resting_, {})) wait->Wake();
      if (record) {
        Keep(std::move(*record), next->attempt);
      } else if (result_) {
        result_ = std::unexpected(std::move(record).error());
      }
    }
    co_return true;
  }

  /// Under a budget no more trials are under way than it can probably pay to the end: spread over all of them, it would
  /// be gone before any had finished. Fails when the loop is stopped.
  Async<Status> AwaitRoom() {
    while (under_way_ > 0 && under_way_ + 1 > order_.budget.TrialsLeft(expected_)) {
      Wait wait(loop_);
      resting_.push_back(&wait);
      Status woken = co_await wait;
      if (!woken) resting_.remove(&wait);
      CO_TRY(woken);
    }
    co_return Status();
  }

  struct Next {
    std::uint64_t index;
    std::uint32_t attempt;
  };
  /// The next trial that is not recorded; empty when there is none or no more may start.
  std::optional<Next> TakeNext() {
    while (next_ < order_.end && result_ && !order_.stop.load(std::memory_order_relaxed)) {
      const std::uint64_t index = next_++;
      const auto attempt = order_.attempt(index);
      if (!attempt) continue;
      const Status allowed = order_.budget.MayCall();
      if (allowed) return Next{index, *attempt};
      Keep(order_.runner.Skip(order_.plan.At(index), allowed.error()), *attempt);
    }
    return std::nullopt;
  }

  void Keep(TrialRecord record, std::uint32_t attempt) {
    record.row.attempt = attempt;
    std::string transcripts;
    std::string rows;
    if (!record.transcript.empty()) {
      AppendTranscriptRecord(record.row.index, attempt, record.transcript, transcripts);
    } else if (attempt > 0) {
      AppendNoTranscript(record.row.index, attempt, transcripts);
    }
    AppendTrialRow(record.row, rows);
    Status kept = transcripts.empty() ? Status() : order_.transcripts.Append(transcripts);
    if (kept) kept = order_.rows.Append(rows);
    if (!kept && result_) result_ = kept;
    order_.progress.Count(record.row.outcome);
    if (record.row.outcome != Outcome::kSkipped) order_.budget.CountTrial(record.row.outcome == Outcome::kError);
  }

  const WorkOrder& order_;
  IoLoop& loop_;
  std::uint64_t next_;
  const Spending expected_;
  int under_way_ = 0;
  std::list<Wait*> resting_;  ///< those that wait for room
  std::optional<IoLoop::TimerId> timer_;
  Status result_;
};

}  // namespace

Status RunOnLoop(const WorkOrder& order, int conversations, IoLoop& loop) {
  return Conversations(order, loop).Run(conversations);
}

}  // namespace xsweep
