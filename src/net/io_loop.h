// IoLoop: one thread that waits for sockets and timers on behalf of any number of coroutines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/error.h"

namespace xsweep {

class IoLoop;

/// The one way to suspend on a loop: a coroutine names a Wait in its frame, hands its address to whoever will wake it,
/// and awaits it. It resumes from the loop's own round, never from inside `Wake`, so a waker may hold locks of its
/// own or sit in a C callback. Destroying the frame while it waits is allowed and leaves no trace.
///   Wait turn(loop);  queue.push_back(&turn);  CO_TRY(co_await turn);
class Wait {
 public:
  explicit Wait(IoLoop& loop) : loop_(loop) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  ~Wait() { Unlink(); }

  /// Lets the coroutine go on, now or as soon as it awaits. More than once is the same as once.
  void Wake();
  bool woken() const { return state_ == State::kWoken; }

  bool await_ready() const noexcept;
  void await_suspend(std::coroutine_handle<> handle) noexcept;
  /// Ok after `Wake`; kInterrupted when the loop was stopped first.
  Status await_resume() noexcept;

 private:
  friend class IoLoop;
  enum class State : std::uint8_t { kIdle, kWaiting, kWoken, kStopped };
  void LinkBefore(Wait& anchor) noexcept;
  void Unlink() noexcept;

  IoLoop& loop_;
  std::coroutine_handle<> handle_;
  Wait* previous_ = this;
  Wait* next_ = this;
  State state_ = State::kIdle;
};

/// Epoll, timers and wake-ups. Everything but `Post` and `RequestStop` belongs to the one thread that runs the loop.
class IoLoop {
 public:
  using SocketHandler = std::function<void(std::uint32_t epoll_events)>;
  using TimerId = std::pair<SteadyTime, std::uint64_t>;

  /// `clock` outlives the loop. Fails only where the process is out of file descriptors.
  static Expected<std::unique_ptr<IoLoop>> Create(Clock& clock);
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  Clock& clock() const { return clock_; }
  /// The loop on which the calling code runs, or nullptr: then whoever must wait blocks its thread.
  static IoLoop* Current() { return current_; }

  /// Runs `work`, and all that was spawned, until `work` has ended.
  template <class T>
  T Run(Async<T> work) {
    const Here here(*this);
    work.Start();
    while (!work.done()) Round();
    return work.Take();
  }

  /// Starts `work` and keeps it until it ends; then `done` gets its value. `done` may spawn more.
  template <class T, class Done>
  void Spawn(Async<T> work, Done done) {
    const Here here(*this);
    Detach(std::move(work), std::move(done), spawned_);
  }
  /// Runs until nothing that was spawned is left.
  void RunSpawned() {
    const Here here(*this);
    while (spawned_ > 0) Round();
  }

  /// Ok after `duration`; kInterrupted when the loop is stopped.
  Async<Status> Sleep(std::chrono::nanoseconds duration);

  TimerId CallAt(SteadyTime time, std::function<void()> handler);
  /// No effect when it has fired already.
  void CancelTimer(TimerId id) { timers_.erase(id); }

  /// Calls `handler` with what epoll reports; the second call for one descriptor replaces the first.
  void Watch(int descriptor, std::uint32_t epoll_events, SocketHandler handler);
  /// Changes the events only.
  void Rewatch(int descriptor, std::uint32_t epoll_events);
  void Unwatch(int descriptor);

  /// Runs `task` on the loop's thread. From any thread.
  void Post(std::function<void()> task);
  /// Every waiting coroutine, and every one that waits later, resumes with kInterrupted. From any thread and from a
  /// signal handler.
  void RequestStop() noexcept;
  bool stopping() const noexcept { return stop_.load(std::memory_order_relaxed); }

 private:
  friend class Wait;
  struct Here {
    explicit Here(IoLoop& loop) : before(std::exchange(current_, &loop)) {}
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;
    ~Here() { current_ = before; }
    IoLoop* before;
  };
  static thread_local IoLoop* current_;
  struct Watched {
    std::uint32_t generation;
    std::shared_ptr<SocketHandler> handler;
  };

  IoLoop(Clock& clock, int epoll, int wakeup);
  void Round();
  bool Poll(int timeout_ms);
  int PollTimeout() const;
  void FireTimers();
  bool RunPosted();   ///< whether there was any
  bool FallAsleep();  ///< false: something was posted meanwhile
  void ResumeReady();
  void InterruptWaiting();
  void DrainWakeup();

  /// A coroutine that owns itself: it starts at once and frees its frame when it ends.
  struct Detached {
    struct promise_type {
      Detached get_return_object() { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() {}
      void unhandled_exception() { std::terminate(); }
    };
  };
  template <class T, class Done>
  static Detached Detach(Async<T> work, Done done, std::size_t& spawned) {
    ++spawned;
    T value = co_await work;
    done(std::move(value));
    --spawned;
  }

  Clock& clock_;
  int epoll_;
  int wakeup_;
  std::atomic<bool> stop_{false};
  std::size_t spawned_ = 0;
  std::uint64_t next_timer_ = 0;
  std::uint32_t next_generation_ = 0;
  std::map<TimerId, std::function<void()>> timers_;
  std::unordered_map<int, Watched> watched_;
  Wait waiting_;  ///< anchors of two rings
  Wait ready_;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  /// It waits, or is about to; under the mutex. Who posts to a loop that is awake wakes nobody, which saves most
  /// wake-ups.
  bool asleep_ = false;
};

/// Ends when `stop` is set (a signal handler can only set a flag, so it is looked at five times a second).
Async<Status> UntilStopped(IoLoop& loop, const std::atomic<bool>& stop);

/// As long as it lives the loop is stopped soon after `stop` is set, so that nobody waits for an answer that a person
/// does not wait for. Both outlive it.
class StopWatch {
 public:
  StopWatch(IoLoop& loop, const std::atomic<bool>& stop) : loop_(loop), stop_(stop) { LookLater(); }
  StopWatch(const StopWatch&) = delete;
  StopWatch& operator=(const StopWatch&) = delete;
  ~StopWatch();

 private:
  void LookLater();
  IoLoop& loop_;
  const std::atomic<bool>& stop_;
  std::optional<IoLoop::TimerId> timer_;
};

}  // namespace xsweep
