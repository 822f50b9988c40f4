// The executor: places with loops, dialogues in them, rows out of them.
// SPDX-License-Identifier: Apache-2.0
#include "engine/executor.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/room.h"
#include "net/io_loop.h"
#include "plan/estimate.h"
#include "record/logs/log_row.h"

namespace xsweep {
namespace {

/// What a dialogue of the plan, with all who judge it, is expected to use of the models, before any has told.
Spending ExpectedOfADialogue(const Plan& plan) {
  const double trials = static_cast<double>(std::max<std::uint64_t>(1, plan.dialogues().size()));
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

/// The trials of one dialogue, and which of their rows are wanted. Reused from one dialogue to the next.
struct Wanted {
  std::vector<TrialIdentity> trials;
  std::vector<std::optional<std::uint32_t>> attempts;  ///< empty: the row is recorded
  std::size_t open = 0;                                ///< attempts that are not empty

  bool all() const { return open == trials.size(); }
};

void FindWanted(const WorkOrder& order, std::uint64_t dialogue, Wanted& wanted) {
  wanted.trials.clear();
  wanted.attempts.clear();
  wanted.open = 0;
  for (const std::uint32_t cell : order.plan.dialogues().Cells(dialogue)) {
    const std::uint64_t index = order.plan.dialogues().TrialIn(cell, dialogue);
    wanted.trials.push_back(order.plan.At(index));
    wanted.attempts.push_back(order.attempt(index));
    wanted.open += wanted.attempts.back() ? 1 : 0;
  }
}

/// Of a dialogue that was held again for some of its rows: where the recorded ones are not of it, all are wanted, as
/// the attempt after every one there was.
Status WantAllOfOne(const WorkOrder& order, const std::vector<TrialRecord>& records, Wanted& wanted) {
  // A dialogue is kept once for all who are judged on it. Held again for one of them, it may have gone another way;
  // then the rows that rest on the old one would quote a dialogue that is not there, and all of them are written anew.
  bool same = order.runner.Repeats(wanted.trials.front().cell);
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (wanted.attempts[i]) {
      next = std::max(next, *wanted.attempts[i]);
      continue;
    }
    TRY_ASSIGN(const Trial kept, order.recorded(wanted.trials[i].index));
    next = std::max(next, kept.attempt + 1);
    Trial again = records[i].row;
    again.attempt = kept.attempt;
    same = same && again == kept;
  }
  if (!same) std::ranges::fill(wanted.attempts, next);
  return {};
}

/// What the places of one order share: where the next dialogues are taken, and the first error.
class Work {
 public:
  Work(const WorkOrder& work_order, std::size_t places, int conversations)
      : order(work_order), many(conversations > 1), next_(work_order.begin) {
    // Rows of short trials are written some at a time; a trial that waits is written as it ends.
    const std::uint64_t size = order.end - order.begin;
    chunk_ = many ? 1 : std::clamp<std::uint64_t>(size / (places * 8), 1, 64);
    if (many) expected = ExpectedOfADialogue(order.plan);
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
  Place(Work& work, const Surroundings& around)
      : work_(work), order_(work.order), around_(around), room_(*around.loop, work.order.budget, work.expected) {}

  void Run(int conversations) {
    const StopWatch watch(*around_.loop, order_.stop);
    for (int i = 0; i < conversations; ++i) around_.loop->Spawn(Converse(), [](bool) {});
    around_.loop->RunSpawned();
  }

 private:
  /// One dialogue after the other until there is none left; a loop, so that those that never wait do not nest.
  Async<bool> Converse() {
    Wanted wanted;
    for (;;) {
      if (const Status room = co_await AwaitRoom(); !room) break;
      const auto range = work_.Take();
      if (!range) break;
      Kept kept;
      Status ran;
      for (std::uint64_t place = range->begin; place < range->end && ran && !work_.stopping(); ++place) {
        FindWanted(order_, order_.dialogue_at ? order_.dialogue_at(place) : place, wanted);
        if (wanted.open == 0) continue;
        ran = co_await RunOne(wanted, kept);
      }
      // Finished trials are kept even when a later one was interrupted: they are paid for.
      if (const Status written = Write(kept); ran && !written) ran = written;
      if (!ran) work_.Fail(ran.error());
    }
    if (work_.stopping()) work_.Fail({ErrorKind::kInterrupted, "interrupted", {}});
    co_return true;
  }

  Async<Status> AwaitRoom() {
    if (!work_.many) return Status();
    return room_.Await();
  }

  struct Kept {
    std::string rows;
    std::string transcripts;
  };

  Async<Status> RunOne(Wanted& wanted, Kept& kept) {
    if (const Status allowed = order_.budget.MayCall(); !allowed) {
      Skip(wanted, allowed.error(), kept);
      co_return Status();
    }
    room_.Begin();
    auto records = co_await order_.runner.Run(wanted.trials, around_);
    room_.End();
    if (!records) co_return std::unexpected(std::move(records).error());
    if (!wanted.all()) CO_TRY(WantAllOfOne(order_, *records, wanted));
    bool held = true;
    for (std::size_t i = 0; i < records->size(); ++i) {
      if (!wanted.attempts[i]) continue;
      Keep((*records)[i], *wanted.attempts[i], kept);
      Count((*records)[i].row.outcome, std::exchange(held, false));
    }
    co_return Status();
  }

  void Skip(const Wanted& wanted, const Error& why, Kept& kept) {
    for (std::size_t i = 0; i < wanted.trials.size(); ++i) {
      if (!wanted.attempts[i]) continue;
      TrialRecord skipped = order_.runner.Skip(wanted.trials[i], why);
      Keep(skipped, *wanted.attempts[i], kept);
      Count(skipped.row.outcome, false);
    }
  }

  /// `held`: the dialogue behind it has not been counted yet.
  void Count(Outcome outcome, bool held) {
    order_.progress.Count(outcome);
    if (outcome != Outcome::kSkipped) order_.budget.CountTrial(outcome == Outcome::kError, held);
  }

  void Keep(TrialRecord& record, std::uint32_t attempt, Kept& kept) {
    if (!record.transcript.empty()) {
      AppendTranscriptRecord(record.row.index, attempt, record.transcript, kept.transcripts);
    } else if (attempt > 0) {
      AppendNoTranscript(record.row.index, attempt, kept.transcripts);
    }
    record.row.attempt = attempt;
    AppendLogRow(record.row, !record.transcript.empty(), kept.rows);
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
  Room room_;
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
