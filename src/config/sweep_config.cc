// SweepConfig: the few questions a config answers about itself.
// SPDX-License-Identifier: Apache-2.0
#include "config/sweep_config.h"

#include "base/error.h"
#include "config/keys.h"

namespace xsweep {

const std::optional<PartConfig>& ModelOf(const ModelsConfig& models, std::string_view role) {
  if (role == "agent") return models.agent;
  if (role == "user") return models.user;
  if (role == "attacker") return models.attacker;
  if (role == "defense") return models.defense;
  CHECK(role == "judge", "a model was asked for by an unknown role");
  return models.judge;
}

const PartConfig* FindSection(const SweepConfig& config, std::string_view section) {
  if (section == "environment") return &config.environment;
  if (section == "agent") return &config.agent;
  if (section == "attack") return &config.attack;
  if (section == "defense") return &config.defense;
  if (section == "judge") return &config.judge;
  constexpr std::string_view kModels = "models.";
  for (const std::string& role : ModelRoles()) {
    if (!section.starts_with(kModels) || section.substr(kModels.size()) != role) continue;
    const auto& model = ModelOf(config.models, role);
    return model ? &*model : nullptr;
  }
  return nullptr;
}

std::string_view NameKey(std::string_view section) { return section.starts_with("models.") ? "provider" : "name"; }

}  // namespace xsweep
