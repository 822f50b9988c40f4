// Handoff: a value that one thread owes another, awaited on a loop or waited for without one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/async.h"
#include "base/error.h"
#include "net/io_loop.h"

namespace xsweep {

/// Copies are the same promise: one side keeps a copy and sets it, from any thread, once; the other takes it. Whoever
/// takes it on a loop suspends; off a loop its thread blocks. Setting what nobody waits for any more is harmless.
template <class T>
class Handoff {
 public:
  /// The first value stays.
  void Set(T value) const {
    const std::lock_guard lock(state_->mutex);
    if (state_->value) return;
    state_->value = std::move(value);
    state_->set.notify_all();
    if (state_->loop != nullptr) state_->loop->Post([state = state_] { state->WakeHere(); });
  }
  bool is_set() const {
    const std::lock_guard lock(state_->mutex);
    return state_->value.has_value();
  }

  /// The value, for a destructor: its thread blocks, on a loop too. Empty when it did not come within `limit`.
  std::optional<T> Block(std::chrono::milliseconds limit) const {
    std::unique_lock lock(state_->mutex);
    state_->set.wait_for(lock, limit, [&] { return state_->value.has_value(); });
    return std::move(state_->value);
  }

  /// The value; empty when it did not come within `limit`. Fails with kInterrupted when the loop is stopped.
  Async<Expected<std::optional<T>>> Take(std::chrono::milliseconds limit) const {
    IoLoop* loop = IoLoop::Current();
    if (loop == nullptr) return Expected<std::optional<T>>(Block(limit));
    return Await(state_, *loop, limit);
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable set;
    std::optional<T> value;
    IoLoop* loop = nullptr;  // while somebody waits on it
    Wait* wait = nullptr;    // belongs to the loop's thread
    void WakeHere() {
      if (wait != nullptr) wait->Wake();
    }
  };
  // Withdraws the wait when the frame goes, however it goes.
  struct Waiting {
    Waiting(State& state_of, IoLoop& loop, Wait& wait) : state(state_of) {
      const std::lock_guard lock(state.mutex);
      state.loop = &loop;
      state.wait = &wait;
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
      const std::lock_guard lock(state.mutex);
      state.loop = nullptr;
      state.wait = nullptr;
    }
    State& state;
  };

  static Async<Expected<std::optional<T>>> Await(std::shared_ptr<State> state, IoLoop& loop,
                                                 std::chrono::milliseconds limit) {
    Status woken;
    {
      Wait wait(loop);
      const Waiting waiting(*state, loop, wait);
      bool there = false;
      {
        const std::lock_guard lock(state->mutex);
        there = state->value.has_value();
      }
      if (!there) {
        const auto timer = loop.CallAt(loop.clock().Now() + limit, [state] { state->WakeHere(); });
        woken = co_await wait;
        loop.CancelTimer(timer);
      }
    }
    if (!woken) co_return std::unexpected(std::move(woken).error());
    const std::lock_guard lock(state->mutex);
    co_return Expected<std::optional<T>>(std::move(state->value));
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace xsweep
