// Names a run.
// SPDX-License-Identifier: Apache-2.0
#include "record/run_id.h"
#include "record/logs/layout.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

namespace xsweep {
namespace {

bool Consecutive(const std::vector<std::uint64_t>& seeds) {
  return std::ranges::adjacent_find(seeds, [](auto a, auto b) { return b != a + 1; }) == seeds.end();
}

}  // namespace

std::string CompactUtc(WallTime time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string IsoUtc(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string SeedsLabel(const std::vector<std::uint64_t>& seeds) {
  if (seeds.size() >= 4 && Consecutive(seeds)) return fmt::format("s{}..{}", seeds.front(), seeds.back());
  if (seeds.size() <= 8) return fmt::format("s{}", fmt::join(seeds, "_"));
  return fmt::format("s{}_n{}", fmt::join(std::span(seeds).first(3), "_"), seeds.size());
}

std::string MakeRunId(WallTime started, std::string_view git_sha, Mode mode, const std::vector<std::uint64_t>& seeds,
                      std::uint32_t trials) {
  const std::string_view sha = git_sha.empty() ? "nogit" : git_sha.substr(0, 7);
  return fmt::format("{}-{}-{}-{}-t{}", CompactUtc(started), sha, NameOf(mode), SeedsLabel(seeds), trials);
}

Status CheckPathName(std::string_view name, std::string_view what) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  if (name.empty()) return UserError(fmt::format("the {} is empty", what));
  if (name.size() > 200) return UserError(fmt::format("the {} is longer than 200 characters", what));
  if (name == layout::kLatest)
    return UserError(fmt::format("`latest` is the pointer to the last run and names no {}", what));
  if (name == layout::kIndex) return UserError(fmt::format("`index.csv` is the list of runs and names no {}", what));
  if (name.front() == '.' || !std::ranges::all_of(name, allowed)) {
    return UserError(
        fmt::format("{} `{}`: only letters, digits, `_`, `-` and `.` are allowed, and no leading `.`", what, name));
  }
  return {};
}

}  // namespace xsweep
