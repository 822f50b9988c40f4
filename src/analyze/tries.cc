// Tries to success: how many of an attack's trials have succeeded within so many tries.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/tries.h"

#include <algorithm>
#include <ranges>

#include "analyze/curves.h"

namespace xsweep {
namespace {

bool Succeeded(const TryCount& tries) { return tries.outcome == Outcome::kAttackSucceeded; }

/// Who gave up early, or was stopped, would not have succeeded with a later try; who was cut off by an error might
/// have.
std::vector<stats::Tries> Expand(const CellAggregate& cell, std::int64_t budget) {
  std::vector<stats::Tries> trials;
  for (const auto& [tries, count] : cell.tries) {
    const bool cut_off = tries.outcome == Outcome::kError;
    const stats::Tries one{tries.task, Succeeded(tries) || cut_off ? tries.queries : budget, Succeeded(tries)};
    trials.insert(trials.end(), static_cast<std::size_t>(count), one);
  }
  return trials;
}

/// The share only grows with the tries, so that bisection finds where it passes one half.
std::optional<std::int64_t> Half(const std::vector<stats::Tries>& trials, std::int64_t budget) {
  const auto reached = [&](std::int64_t query) { return stats::SuccessWithinTries(trials, query)->value >= 0.5; };
  if (!reached(budget)) return std::nullopt;
  const auto all = std::views::iota(std::int64_t{1}, budget);
  return *std::ranges::partition_point(all, [&](std::int64_t query) { return !reached(query); });
}

}  // namespace

std::optional<TriesCurve> TriesToSuccess(const CellAggregate& cell) {
  TriesCurve curve;
  for (const auto& [tries, count] : cell.tries) {
    if (tries.queries == 0) return std::nullopt;
    curve.budget = std::max(curve.budget, tries.queries);
  }
  if (curve.budget < 2) return std::nullopt;
  const std::vector<stats::Tries> trials = Expand(cell, curve.budget);
  for (const std::int64_t step : CurveSteps(curve.budget)) {
    curve.points.push_back(*stats::SuccessWithinTries(trials, step));
  }
  curve.half = Half(trials, curve.budget);
  return curve;
}

}  // namespace xsweep
