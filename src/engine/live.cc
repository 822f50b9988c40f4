// The live executor: many conversations on one I/O loop.
// SPDX-License-Identifier: Apache-2.0
#include "engine/live.h"

namespace xsweep {
namespace {

class Conversations {
 public:
  Conversations(const WorkOrder& order, IoLoop& loop) : order_(order), loop_(loop), next_(order.begin) {}

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
    while (const auto next = TakeNext()) {
      auto record = co_await order_.runner.Run(order_.plan.At(next->index));
      if (record) {
        Keep(std::move(*record), next->attempt);
      } else if (result_) {
        result_ = std::unexpected(std::move(record).error());
      }
    }
    co_return true;
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
  std::optional<IoLoop::TimerId> timer_;
  Status result_;
};

}  // namespace

Status RunOnLoop(const WorkOrder& order, int conversations, IoLoop& loop) {
  return Conversations(order, loop).Run(conversations);
}

}  // namespace xsweep
