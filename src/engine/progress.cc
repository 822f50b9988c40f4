// Progress: what the terminal sees while a run is going on.
// SPDX-License-Identifier: Apache-2.0
#include "engine/progress.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <numeric>

#include "base/system/terminal.h"

namespace xsweep {
namespace {

std::string Counts(const std::array<std::uint64_t, kCount<Outcome>>& now, bool brief) {
  constexpr Each<Outcome, std::string_view> kWhole{
      {"succeeded", "resisted", "blocked", "not exposed", "benign", "errors", "skipped"}};
  constexpr Each<Outcome, std::string_view> kBrief{{"succ", "res", "blk", "unexp", "ben", "err", "skip"}};
  std::string text;
  for (const Outcome outcome : kEvery<Outcome>) {
    const std::uint64_t count = now[static_cast<std::size_t>(outcome)];
    if (count > 0) text += fmt::format("{}{} {}", brief ? " " : "  ", (brief ? kBrief : kWhole)[outcome], count);
  }
  return text;
}

}  // namespace

std::string ClockText(double seconds) {
  if (seconds < 0 || seconds > 8640000) return "--:--";
  const long whole = std::lround(seconds);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

Progress::Progress(std::uint64_t planned, std::uint64_t recorded, bool draw, bool colour)
    : planned_(planned), recorded_(recorded), colour_(colour) {
  if (draw) drawer_ = std::thread([this] { Draw(); });
}

Progress::~Progress() {
  if (!drawer_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  drawer_.join();
  std::fputs("\r\x1b[K", stderr);
}

std::array<std::uint64_t, kCount<Outcome>> Progress::counts() const {
  std::array<std::uint64_t, kCount<Outcome>> now{};
  for (std::size_t i = 0; i < now.size(); ++i) now[i] = counts_[i].load(std::memory_order_relaxed);
  return now;
}

std::string Progress::Line(std::size_t width) const {
  const auto now = counts();
  const std::uint64_t fresh = std::accumulate(now.begin(), now.end(), std::uint64_t{0});
  const std::uint64_t ended = recorded_ + fresh;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  const double rate = seconds > 0 ? static_cast<double>(fresh) / seconds : 0;
  const double left = rate > 0 ? static_cast<double>(planned_ - ended) / rate : -1;
  const double share = planned_ > 0 ? static_cast<double>(ended) / static_cast<double>(planned_) : 1;
  constexpr std::size_t kBar = 20;
  const auto filled = static_cast<std::size_t>(share * kBar);
  const std::string bar = fmt::format("[{}{}] ", std::string(filled, '#'), std::string(kBar - filled, '.'));
  const std::string pace = fmt::format("{}/{} {:.0f}/s left {}", ended, planned_, rate, ClockText(left));
  std::string line = pace + Counts(now, false);
  if (bar.size() + line.size() <= width) return bar + line;
  if (line.size() > width) line = pace + Counts(now, true);
  return line.substr(0, width);
}

void Progress::Draw() {
  std::unique_lock lock(mutex_);
  while (!done_) {
    wake_.wait_for(lock, std::chrono::milliseconds(200));
    const std::string line = Line(StderrWidth() - 1);
    const auto paint = [&](std::string_view code) { return colour_ ? code : std::string_view(); };
    if (!done_) std::fputs(fmt::format("\r\x1b[K{}{}{}", paint("\x1b[36m"), line, paint("\x1b[0m")).c_str(), stderr);
  }
}

}  // namespace xsweep
