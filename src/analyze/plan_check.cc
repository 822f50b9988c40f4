// PlanCheck: whether a row is the one that the run planned at its index.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/plan_check.h"

#include <algorithm>

namespace xsweep {
namespace {

/// Whether its trials are attacked and `outcome` is one without an attack, or the other way round; an older run.json
/// does not name the attack.
bool IsOfOtherArm(Outcome outcome, const CellRecord& cell) {
  if (outcome == Outcome::kError || cell.attack.empty()) return false;
  const bool attacked = cell.arm != Arm::kNoAttack && cell.attack != "none";
  return attacked == (outcome == Outcome::kBenign);
}

}  // namespace

PlanCheck::PlanCheck(const Manifest& run)
    : run_(run),
      nothing_stopped_(run.status == RunStatus::kCompleted && run.budget.StringOr("stopped_by", "").empty()),
      listed_(run.imported.is_object()) {
  if (listed_) {
    for (const CellRecord& cell : run.cells) cells_.emplace(cell.id, &cell);
    tasks_.insert(run.tasks.begin(), run.tasks.end());
    return;
  }
  const std::uint64_t product =
      static_cast<std::uint64_t>(run.cells.size()) * run.tasks.size() * run.seeds.size() * run.trials;
  known_ = product > 0 && product == run.planned;
}

void PlanCheck::GoTo(std::uint64_t index) {
  index_ = index;
  trial_ = static_cast<std::uint32_t>(index % run_.trials);
  index /= run_.trials;
  seed_ = index % run_.seeds.size();
  index /= run_.seeds.size();
  task_ = index % run_.tasks.size();
  cell_ = index / run_.tasks.size();
}

void PlanCheck::Step() {
  ++index_;
  if (++trial_ < run_.trials) return;
  trial_ = 0;
  if (++seed_ < run_.seeds.size()) return;
  seed_ = 0;
  if (++task_ < run_.tasks.size()) return;
  task_ = 0;
  ++cell_;
}

bool PlanCheck::IsListed(const TrialRow& row) {
  const auto cell = cells_.find(row.cell);
  listed_cell_ = cell == cells_.end() ? nullptr : cell->second;
  return listed_cell_ != nullptr && row.index < run_.planned && row.trial < run_.trials &&
         std::ranges::find(run_.seeds, row.seed) != run_.seeds.end() && tasks_.contains(row.task);
}

bool PlanCheck::Fits(const TrialRow& row) {
  if (listed_) return IsListed(row);
  if (!known_) return true;
  if (row.index >= run_.planned) return false;
  // Divisions cost more than all comparisons; rows nearly always follow each other.
  if (row.index == index_ + 1) {
    Step();
  } else if (row.index != index_) {
    GoTo(row.index);
  }
  return row.trial == trial_ && row.seed == run_.seeds[seed_] && row.task == run_.tasks[task_] &&
         row.cell == run_.cells[cell_].id;
}

bool PlanCheck::Contradicts(const TrialRow& row) const {
  // Not of controls, in which an agent may do the same of its own accord, nor of what nobody was shown, which earlier
  // versions wrote of calls that were executed all the same: that is read, and reports name it.
  const Outcome outcome = row.counts.outcome;
  if (listed_) {
    // A source says less of its episodes than a run of ours: only where it cannot be is an outcome held against it.
    if (outcome == Outcome::kSkipped) return nothing_stopped_;
    return listed_cell_ != nullptr && IsOfOtherArm(outcome, *listed_cell_);
  }
  if (!known_) return false;
  if (outcome == Outcome::kNotExposed && row.counts.exposed) return true;
  if (outcome == Outcome::kSkipped) return nothing_stopped_;
  if (IsOfOtherArm(outcome, run_.cells[cell_])) return true;
  const bool failed = outcome == Outcome::kAttackResisted || outcome == Outcome::kAttackBlocked;
  if (row.counts.executed <= 0 || !failed) return false;
  // Other judges ask for several calls, or put the findings of judges together.
  const std::string& judge = run_.cells[cell_].judge;
  return judge == "out_of_policy_refund" || judge == "state_change";
}

}  // namespace xsweep
