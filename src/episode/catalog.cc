// The catalog's lookups: a part by name, its options checked and completed, or what to write instead.
// SPDX-License-Identifier: Apache-2.0
#include "episode/catalog.h"

#include <algorithm>

#include <fmt/format.h>

namespace xsweep {
namespace {

template <class Prepared>
std::vector<PartSpec> SpecsOf(const std::vector<PartEntry<Prepared>>& table) {
  std::vector<PartSpec> specs;
  specs.reserve(table.size());
  for (const auto& entry : table) specs.push_back(entry.spec);
  return specs;
}

}  // namespace

const std::vector<Vector>& EnvironmentSource::vectors() const {
  static const std::vector<Vector> kNone;
  return kNone;
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): those that take tasks keep them
Expected<std::shared_ptr<const EnvironmentSource>> EnvironmentSource::WithTasks(std::vector<Task> /*tasks*/) const {
  return UserError(fmt::format("the tasks of {} are its own; it takes no others", info().name), "tasks");
}

GoalRequest GoalHere(const AttackPlan& attack, const EnvironmentSource& environment) {
  const bool none = attack.goal.name == "none" || (attack.literal && environment.goals().empty());
  return none ? GoalRequest() : attack.goal;
}

PartSpecs Catalog::Specs() const {
  return {.environments = SpecsOf(environments),
          .agents = SpecsOf(agents),
          .attacks = SpecsOf(attacks),
          .defenses = SpecsOf(defenses),
          .judges = SpecsOf(judges),
          .providers = providers,
          .declared = declared};
}

Expected<std::shared_ptr<const EnvironmentSource>> Catalog::OpenEnvironment(std::string_view name,
                                                                            const Json& options) const {
  return PreparePart(environments, "environment", name, options);
}
Expected<PartFactory<Agent>> Catalog::PrepareAgent(std::string_view name, const Json& options) const {
  return PreparePart(agents, "agent", name, options);
}
Expected<AttackPlan> Catalog::PrepareAttack(std::string_view name, const Json& options) const {
  return PreparePart(attacks, "attack", name, options);
}
Expected<PartFactory<Defense>> Catalog::PrepareDefense(std::string_view name, const Json& options) const {
  return PreparePart(defenses, "defense", name, options);
}
Expected<PartFactory<Judge>> Catalog::PrepareJudge(std::string_view name, const Json& options) const {
  return PreparePart(judges, "judge", name, options);
}

}  // namespace xsweep
