// Offload: slow work (disk, big texts) on a few threads of its own, awaited by coroutines of a loop.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "net/io_loop.h"

namespace xsweep {

/// Belongs to the thread of its loop; the work runs on others and must not touch what is the loop's.
class Offload {
 public:
  Offload(IoLoop& loop, int threads);
  /// Waits for work that has begun; what waits in the queue is dropped.
  ~Offload();
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  /// The result of `work`; kInterrupted when the loop was stopped meanwhile (the work itself runs on to its end).
  template <class Work, class Result = std::invoke_result_t<Work>>
  Async<Expected<Result>> Run(Work work) {
    struct Job {
      std::optional<Result> result;
      Wait* wait = nullptr;  ///< the loop's thread only
    };
    const auto job = std::make_shared<Job>();
    Wait wait(loop_);
    job->wait = &wait;
    struct Leave {
      Job& job;
      ~Leave() { job.wait = nullptr; }
    } const leave{*job};
    Put([job, work = std::move(work), &loop = loop_]() mutable {
      job->result = work();
      loop.Post([job] {
        if (job->wait != nullptr) job->wait->Wake();
      });
    });
    CO_TRY(co_await wait);
    co_return std::move(*job->result);
  }

 private:
  void Put(std::function<void()> work);
  void Serve();

  IoLoop& loop_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::function<void()>> queue_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace xsweep
