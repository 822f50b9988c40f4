// The executor: places with loops, conversations in them, rows out of them.
// SPDX-License-Identifier: Apache-2.0
#include "engine/executor.h"

#include <algorithm>
#include <cmath>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "net/io_loop.h"
#include "plan/estimate.h"
#include "record/log_row.h"

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
    if (const auto known = Parse<Role>(role.role)) expected.Add(*known, usage);
  }
  return expected;
}

/// What the places of one order share: where the next trials are taken, and the first error.
class Work {
 public:
  Work(const WorkOrder& work_order, std::size_t places, int conversations)
      : order(work_order), many(conversations > 1), next_(work_order.begin) {
    // Rows of short trials are written some at a time; a trial that waits is written as it ends.
    const std::uint64_t size = order.end - order.begin;
    chunk_ = many ? 1 : std::clamp<std::uint64_t>(size / (places * 8), 1, 64);
    if (many) expected = ExpectedOfATrial(order.plan);
  }

  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  /// Empty when there is nothing left or nothing more may start.
  std::optional<Range> Take() {
    if (stopping() || failed_.load(std::memory_order_relaxed)) return std::nullopt;
    const std::uint64_t begin = next_.fetch_add(chunk_, std::memory_order_relaxed);
    if (begin >= order.end) return std::nullopt;
    return Range{begin, std::min(begin + chunk_, order.end)};
  }
  bool stopping() const { return order.stop.load(std::memory_order_relaxed); }
  void Fail(Error error) {
    const std::lock_guard lock(mutex_);
    if (!failed_.exchange(true)) error_ = std::move(error);
  }
  Status result() const { return failed_ ? Status(std::unexpected(error_)) : Status(); }

  const WorkOrder& order;
  const bool many;  ///< conversations in one place
  Spending expected;

 private:
  std::uint64_t chunk_ = 1;
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  Error error_;
};

/// One thread with its loop and the conversations on it.
class Place {
 public:
  Place(Work& work, const Surroundings& around) : work_(work), order_(work.order), around_(around) {}

  void Run(int conversations) {
    WatchStop();
    for (int i = 0; i < conversations; ++i) around_.loop->Spawn(Converse(), [](bool) {});
    around_.loop->RunSpawned();
    if (timer_) around_.loop->CancelTimer(*timer_);
  }

 private:
  // A signal handler can only set a flag; the loop looks at it.
  void WatchStop() {
    timer_ = around_.loop->CallAt(around_.loop->clock().Now() + std::chrono::milliseconds(100), [this] {
      timer_.reset();
      if (work_.stopping()) return around_.loop->RequestStop();
      WatchStop();
    });
  }

  /// One trial after the other until there is none left; a loop, so that trials that never wait do not nest.
  Async<bool> Converse() {
    for (;;) {
      if (const Status room = co_await AwaitRoom(); !room) break;
      const auto range = work_.Take();
      if (!range) break;
      Kept kept;
      Status ran;
      for (std::uint64_t place = range->begin; place < range->end && ran && !work_.stopping(); ++place) {
        const std::uint64_t index = order_.index_at ? order_.index_at(place) : place;
        const auto attempt = order_.attempt(index);
        if (!attempt) continue;
        ran = co_await RunOne(index, *attempt, kept);
      }
      // Finished trials are kept even when a later one was interrupted.
      if (const Status written = Write(kept); ran && !written) ran = written;
      if (!ran) work_.Fail(ran.error());
    }
    if (work_.stopping()) work_.Fail({ErrorKind::kInterrupted, "interrupted", {}});
    co_return true;
  }

  /// Under a budget no more trials are under way than it can probably pay to the end: spread over all of them, it would
  /// be gone before any had finished. Fails when the loop is stopped.
  Async<Status> AwaitRoom() {
    if (!work_.many) return Status();
    return AwaitRoomOfMany();
  }
  Async<Status> AwaitRoomOfMany() {
    while (under_way_ > 0 && under_way_ + 1 > order_.budget.TrialsLeft(work_.expected)) {
      Wait wait(*around_.loop);
      resting_.push_back(&wait);
      Status woken = co_await wait;
      if (!woken) resting_.remove(&wait);
      CO_TRY(woken);
    }
    co_return Status();
  }

  struct Kept {
    std::string rows;
    std::string transcripts;
  };

  Async<Status> RunOne(std::uint64_t index, std::uint32_t attempt, Kept& kept) {
    const TrialIdentity identity = order_.plan.At(index);
    if (const Status allowed = order_.budget.MayCall(); !allowed) {
      TrialRecord skipped = order_.runner.Skip(identity, allowed.error());
      Keep(skipped, attempt, kept);
      co_return Status();
    }
    ++under_way_;
    auto record = co_await order_.runner.Run(identity, around_);
    --under_way_;
    for (Wait* wait : std::exchange(resting_, {})) wait->Wake();
    if (!record) co_return std::unexpected(std::move(record).error());
    Keep(*record, attempt, kept);
    co_return Status();
  }

  void Keep(TrialRecord& record, std::uint32_t attempt, Kept& kept) {
    if (!record.transcript.empty()) {
      AppendTranscriptRecord(record.row.index, attempt, record.transcript, kept.transcripts);
    } else if (attempt > 0) {
      AppendNoTranscript(record.row.index, attempt, kept.transcripts);
    }
    Trial& row = record.row;
    row.attempt = attempt;
    AppendLogRow(row, !record.transcript.empty(), kept.rows);
    order_.progress.Count(row.outcome);
    if (row.outcome != Outcome::kSkipped) order_.budget.CountTrial(row.outcome == Outcome::kError);
  }

  // Transcripts go first: a row says that its transcript is there.
  Status Write(const Kept& kept) {
    if (!kept.transcripts.empty()) TRY(order_.transcripts.Append(kept.transcripts));
    if (!kept.rows.empty()) TRY(order_.rows.Append(kept.rows));
    return {};
  }

  Work& work_;
  const WorkOrder& order_;
  const Surroundings around_;
  int under_way_ = 0;
  std::list<Wait*> resting_;  ///< those that wait for room
  std::optional<IoLoop::TimerId> timer_;
};

}  // namespace

Status RunOrder(const WorkOrder& order, std::span<const Surroundings> places, int conversations) {
  Work work(order, places.size(), conversations);
  std::vector<std::thread> threads;
  for (const Surroundings& around : places.subspan(1))
    threads.emplace_back([&work, &around, conversations] { Place(work, around).Run(conversations); });
  Place(work, places.front()).Run(conversations);
  for (std::thread& thread : threads) thread.join();
  TRY(order.rows.Sync());
  TRY(order.transcripts.Sync());
  return work.result();
}

Status RunOnThreads(const WorkOrder& order, int threads) {
  SystemClock clock;
  std::vector<std::unique_ptr<IoLoop>> loops;
  std::vector<Surroundings> places;
  for (int i = 0; i < threads; ++i) {
    TRY_ASSIGN(auto loop, IoLoop::Create(clock));
    places.push_back({.loop = loop.get()});
    loops.push_back(std::move(loop));
  }
  return RunOrder(order, places, 1);
}

}  // namespace xsweep
