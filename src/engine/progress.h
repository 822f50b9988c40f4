// Progress: what the terminal sees while a run is going on. It never slows the run: workers only add to counters.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "record/logs/trial.h"

namespace xsweep {

class Progress {
 public:
  /// `recorded` trials of `planned` were there before. Draws on stderr five times a second, and only when `draw`.
  Progress(std::uint64_t planned, std::uint64_t recorded, bool draw, bool colour);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Removes the line.
  ~Progress();

  void Count(Outcome outcome) { counts_[static_cast<std::size_t>(outcome)].fetch_add(1, std::memory_order_relaxed); }
  std::array<std::uint64_t, kCount<Outcome>> counts() const;
  /// The line as it stands now, without control characters and no longer than `width`: in a narrow window the bar goes
  /// first, then the counts are said in short, then the line is cut.
  std::string Line(std::size_t width = 200) const;

 private:
  void Draw();
  const std::uint64_t planned_;
  const std::uint64_t recorded_;
  const bool colour_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::array<std::atomic<std::uint64_t>, kCount<Outcome>> counts_{};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread drawer_;
};

/// "1:05:09", "05:09"; "--:--" for what cannot be known yet (negative).
std::string ClockText(double seconds);

}  // namespace xsweep
