// IntervalsByWhatIsShared: what attack success is worth when cases share a user's task and an injection.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/foreign/import_intervals.h"

#include <map>
#include <string_view>

#include "stats/two_way.h"

namespace xsweep {
namespace {

struct SharedCases {
  std::map<std::string_view, stats::Cluster> by_task, by_injection;
  stats::Cluster all;
};

std::vector<stats::Cluster> Values(const std::map<std::string_view, stats::Cluster>& clusters) {
  std::vector<stats::Cluster> values;
  values.reserve(clusters.size());
  for (const auto& [name, cluster] : clusters) values.push_back(cluster);
  return values;
}

Json BoundsJson(const std::optional<stats::Interval>& bounds) {
  return bounds ? Json::MakeArray({Json(bounds->low), Json(bounds->high)}) : Json();
}

}  // namespace

Json IntervalsByWhatIsShared(const std::vector<CellRecord>& cells, const std::vector<Trial>& rows) {
  std::map<std::string_view, SharedCases> by_cell;
  for (const Trial& row : rows) {
    const bool counts = row.outcome == Outcome::kAttackSucceeded || row.outcome == Outcome::kAttackResisted ||
                        row.outcome == Outcome::kAttackBlocked || row.outcome == Outcome::kNotExposed;
    if (!counts) continue;
    SharedCases& cell = by_cell[row.cell];
    for (stats::Cluster* cluster : {&cell.all, &cell.by_task[row.task], &cell.by_injection[row.goal]}) {
      cluster->sum += row.outcome == Outcome::kAttackSucceeded ? 1 : 0;
      ++cluster->n;
    }
  }
  Json list = Json::MakeArray();
  for (const CellRecord& record : cells) {
    const auto found = by_cell.find(record.id);
    if (found == by_cell.end()) continue;
    const SharedCases& cell = found->second;
    const auto tasks = Values(cell.by_task), injections = Values(cell.by_injection);
    const stats::TwoWayInterval both = stats::TwoWayRate(tasks, injections);
    list.Append(Json::MakeObject({{"cell", record.id},
                                  {"n", cell.all.n},
                                  {"successes", cell.all.sum},
                                  {"rate", stats::BaseOf(stats::SharesOf(tasks)).estimate},
                                  {"cases", BoundsJson(stats::Wilson({cell.all.sum, cell.all.n}))},
                                  {"by_task", BoundsJson(both.first)},
                                  {"by_injection", BoundsJson(both.second)},
                                  {"by_both", BoundsJson(both.both)},
                                  {"effective_n", both.both ? Json(both.effective_n) : Json()}}));
  }
  return list;
}

}  // namespace xsweep
