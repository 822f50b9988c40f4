// PageCells: rates, cells and the matrix of attacks and defenses as the page reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyze/aggregate.h"
#include "base/json.h"

namespace xsweep {

/// {k, n, value, low, high, basis}; value and bounds are null when n is 0: N/A is never 0 %.
Json RateForPage(const Rate& rate);
Json TallyForPage(const Tally& tally);

/// Task names are long and repeat in every cell, so a task is a number into the run's list of tasks.
class TaskNames {
 public:
  std::int64_t Number(const std::string& task) {
    const auto [place, fresh] = numbers_.try_emplace(task, static_cast<std::int64_t>(names_.size()));
    if (fresh) names_.emplace_back(task);
    return place->second;
  }
  Json Take() { return Json::MakeArray(std::move(names_)); }

 private:
  std::unordered_map<std::string, std::int64_t> numbers_;
  std::vector<Json> names_;
};

Json CellForPage(const CellAggregate& cell, TaskNames& names);

/// Attacks against defenses as attack_defense.png has them; null where there is one of each.
Json MatrixForPage(const RunAggregate& run);

/// One end of an interval, and a number: null where there is none.
Json BoundForPage(const std::optional<stats::Interval>& bounds, double stats::Interval::* end);
template <class Number>
Json OrNull(const std::optional<Number>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace xsweep
