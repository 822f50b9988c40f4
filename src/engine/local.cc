// The local executor: threads that run the trials of a plan and append their rows.
// SPDX-License-Identifier: Apache-2.0
#include "engine/local.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

namespace xsweep {
namespace {

/// Shared by the threads of one order; the only mutable things are the place of the next chunk and the first error.
class Workers {
 public:
  Workers(const WorkOrder& order, int jobs) : order_(order), next_(order.begin) {
    const std::uint64_t size = order.end - order.begin;
    chunk_ = std::clamp<std::uint64_t>(size / (static_cast<std::uint64_t>(jobs) * 8), 1, 64);
  }

  void Work() {
    for (;;) {
      if (order_.stop.load(std::memory_order_relaxed)) return Fail({ErrorKind::kInterrupted, "interrupted", {}});
      const std::uint64_t begin = next_.fetch_add(chunk_, std::memory_order_relaxed);
      if (begin >= order_.end || failed_.load(std::memory_order_relaxed)) return;
      if (const Status done = RunChunk(begin, std::min(begin + chunk_, order_.end)); !done) return Fail(done.error());
    }
  }

  Status result() const { return failed_ ? Status(std::unexpected(error_)) : Status(); }

 private:
  Status RunChunk(std::uint64_t begin, std::uint64_t end) {
    std::string rows;
    std::string transcripts;
    Status stopped;
    for (std::uint64_t index = begin; index < end && stopped; ++index) {
      const auto attempt = order_.attempt(index);
      if (!attempt) continue;
      if (order_.stop.load(std::memory_order_relaxed)) break;
      stopped = RunOne(index, *attempt, rows, transcripts);
    }
    // Finished trials are kept even when a later one of the chunk was interrupted. Transcripts go first.
    if (!transcripts.empty()) TRY(order_.transcripts.Append(transcripts));
    if (!rows.empty()) TRY(order_.rows.Append(rows));
    return stopped;
  }

  Status RunOne(std::uint64_t index, std::uint32_t attempt, std::string& rows, std::string& transcripts) {
    TrialRecord record;
    if (const Status allowed = order_.budget.MayCall(); !allowed) {
      record = Skipped(index, allowed.error());
    } else {
      TRY_ASSIGN(record, RunNow(order_.runner.Run(order_.plan.At(index))));
    }
    record.row.attempt = attempt;
    if (!record.transcript.empty()) {
      AppendTranscriptRecord(index, attempt, record.transcript, transcripts);
    } else if (attempt > 0) {
      AppendNoTranscript(index, attempt, transcripts);
    }
    AppendTrialRow(record.row, rows);
    order_.progress.Count(record.row.outcome);
    if (record.row.outcome != Outcome::kSkipped) order_.budget.CountTrial(record.row.outcome == Outcome::kError);
    return {};
  }

  TrialRecord Skipped(std::uint64_t index, const Error& why) const {
    return order_.runner.Skip(order_.plan.At(index), why);
  }

  void Fail(Error error) {
    const std::lock_guard lock(mutex_);
    if (failed_.exchange(true)) return;
    error_ = std::move(error);
  }

  const WorkOrder& order_;
  std::uint64_t chunk_ = 1;
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  Error error_;
};

}  // namespace

Status RunOnThreads(const WorkOrder& order, int jobs) {
  Workers workers(order, jobs);
  std::vector<std::thread> threads;
  for (int i = 1; i < jobs; ++i) threads.emplace_back([&] { workers.Work(); });
  workers.Work();
  for (std::thread& thread : threads) thread.join();
  TRY(order.rows.Sync());
  TRY(order.transcripts.Sync());
  return workers.result();
}

}  // namespace xsweep
