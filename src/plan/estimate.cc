// What a plan is expected to take before anything runs.
// SPDX-License-Identifier: Apache-2.0
#include "plan/estimate.h"

#include <algorithm>

namespace xsweep {
namespace {

/// Models of parts that a cell does not play are configured but never asked; of a cell that judges another's dialogues
/// only the judge is, and not even that where a cell before it plays the same throughout.
bool Asked(const Plan& plan, const Cell& cell, std::string_view role) {
  if (plan.dialogues().HolderOf(cell.index) != cell.index) {
    if (role != NameOf(Role::kJudge)) return false;
    const auto same = [&](std::uint32_t other) { return other < cell.index && plan.cells()[other].hash == cell.hash; };
    if (std::ranges::any_of(plan.dialogues().CellsWith(cell.index), same)) return false;
  }
  if (role == NameOf(Role::kAttacker) && cell.attack.name == kNoPart) return false;
  if (role == NameOf(Role::kDefense) && cell.defense.name == kNoPart) return false;
  return ModelOf(cell.models, role).has_value();
}

void AddCell(const RoleAssumption& assumption, const Cell& cell, double trials, RoleEstimate& sum) {
  const double calls = trials * assumption.calls;
  sum.calls += calls;
  sum.prompt_tokens += calls * assumption.prompt_tokens;
  sum.completion_tokens += calls * assumption.completion_tokens;
  const auto price = PriceOf(*ModelOf(cell.models, assumption.role));
  if (!price) sum.cost_usd.reset();
  if (!price || !sum.cost_usd) return;
  *sum.cost_usd +=
      calls * (assumption.prompt_tokens * price->prompt_usd + assumption.completion_tokens * price->completion_usd) /
      1e6;
}

}  // namespace

std::vector<RoleAssumption> DefaultAssumptions() {
  return {{std::string(NameOf(Role::kAgent)), 8, 6000, 150},
          {std::string(NameOf(Role::kUser)), 6, 1500, 60},
          {std::string(NameOf(Role::kAttacker)), 3, 1500, 200},
          {std::string(NameOf(Role::kDefense)), 8, 1000, 20},
          {std::string(NameOf(Role::kJudge)), 1, 4000, 150}};
}

std::optional<TokenPrice> PriceOf(const PartConfig& model) {
  const Json* price = model.options.Find("price");
  const Json* input = price == nullptr ? nullptr : price->Find("input");
  const Json* output = price == nullptr ? nullptr : price->Find("output");
  if (input == nullptr || output == nullptr || !input->is_number() || !output->is_number()) return std::nullopt;
  return TokenPrice{input->AsDouble(), output->AsDouble()};
}

Estimate EstimatePlan(const Plan& plan, Mode mode, const std::vector<RoleAssumption>& assumptions) {
  Estimate estimate;
  estimate.cost_usd = 0.0;
  if (mode == Mode::kShim || plan.cells().empty()) return estimate;
  const double trials_per_cell = static_cast<double>(plan.size()) / static_cast<double>(plan.cells().size());
  for (const RoleAssumption& assumption : assumptions) {
    RoleEstimate sum{.role = assumption.role, .cost_usd = 0.0};
    for (const Cell& cell : plan.cells()) {
      if (Asked(plan, cell, assumption.role)) AddCell(assumption, cell, trials_per_cell, sum);
    }
    if (sum.calls == 0) continue;
    estimate.calls += sum.calls;
    estimate.tokens += sum.prompt_tokens + sum.completion_tokens;
    if (!sum.cost_usd) estimate.cost_usd.reset();
    if (estimate.cost_usd) *estimate.cost_usd += *sum.cost_usd;
    estimate.roles.push_back(std::move(sum));
  }
  return estimate;
}

}  // namespace xsweep
