// Async<T>: a coroutine that yields one value, lazily, and resumes whoever awaits it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/error.h"

namespace xsweep {

/// A lazy coroutine with one awaiter. It starts when it is awaited (or by `RunNow`) and, when it ends, hands control
/// straight to its awaiter, so a chain of any depth neither recurses nor allocates beyond its own frames.
/// The same episode code is synchronous in SHIM (nothing ever suspends) and suspended on the I/O loop in REAL.
/// A function that already knows its value returns it as it is (`return Decision{};` converts): no frame is made.
/// Not thread-safe: one Async is started, resumed and destroyed on one thread.
///
/// gcc 12 miscompiles some temporaries inside co_await expressions: name what you await
/// (`auto reply = co_await model.Complete(request);`) and pass arguments by value or as named objects.
template <class T>
class [[nodiscard]] Async {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> awaiter = std::noop_coroutine();

    Async get_return_object() { return Async(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct Resume {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
          return self.promise().awaiter;
        }
        void await_resume() noexcept {}
      };
      return Resume{};
    }
    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
    void unhandled_exception() { std::terminate(); }
  };

  /// A value that is there already.
  Async(T value) : ready_(std::move(value)) {}  // NOLINT(google-explicit-constructor): reads as returning the value
  Async(Async&& other) noexcept : handle_(std::exchange(other.handle_, {})), ready_(std::move(other.ready_)) {}
  Async& operator=(Async&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(ready_, other.ready_);
    return *this;
  }
  ~Async() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return !handle_; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle_.promise().awaiter = awaiter;
    return handle_;
  }
  T await_resume() { return std::move(handle_ ? *handle_.promise().value : *ready_); }

  /// Starts it without an awaiter; it runs until it first suspends. Ask `done()` and `Take()` later.
  void Start() {
    if (handle_) handle_.resume();
  }
  bool done() const { return !handle_ || handle_.done(); }
  T Take() {
    CHECK(done(), "an unfinished coroutine was asked for its value");
    return await_resume();
  }

 private:
  explicit Async(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
  std::optional<T> ready_;
};

/// Runs a coroutine that must not suspend (SHIM, tests with fakes) and returns its value.
template <class T>
T RunNow(Async<T> work) {
  work.Start();
  CHECK(work.done(), "work that was said not to wait has waited");
  return work.Take();
}

}  // namespace xsweep
