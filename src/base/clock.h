// Clock: time that a test can hold in its hand.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace xsweep {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Time comes in through constructors. Steady time is for limits and timeouts, wall time for file names and dates;
/// neither ever reaches a result.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime Now() const = 0;
  virtual WallTime WallNow() const = 0;
  /// True for a clock that stands still: who would wait for a time calls `JumpTo` instead.
  virtual bool held() const { return false; }
  virtual void JumpTo(SteadyTime) {}
};

class SystemClock final : public Clock {
 public:
  SteadyTime Now() const override { return std::chrono::steady_clock::now(); }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }
};

/// Stands still until it is moved. An IoLoop on a held clock jumps to its next timer whenever nothing else is left to
/// do, so minutes of rate limiting pass in milliseconds. Not for use with open sockets: they live in real time.
class HeldClock final : public Clock {
 public:
  explicit HeldClock(WallTime wall = WallTime{}) : wall_start_(wall) {}
  SteadyTime Now() const override { return now_; }
  WallTime WallNow() const override {
    return wall_start_ + std::chrono::duration_cast<WallTime::duration>(now_ - SteadyTime{});
  }
  bool held() const override { return true; }
  void JumpTo(SteadyTime time) override {
    if (time > now_) now_ = time;
  }
  void Advance(std::chrono::nanoseconds by) { now_ += by; }

 private:
  SteadyTime now_{};
  WallTime wall_start_;
};

}  // namespace xsweep
