// SweepConfig: the few questions a config answers about itself.
// SPDX-License-Identifier: Apache-2.0
#include "config/sweep_config.h"

namespace xsweep {

std::string_view ModeName(Mode mode) { return mode == Mode::kReal ? "REAL" : "SHIM"; }

const PartConfig* FindSection(const SweepConfig& config, std::string_view section) {
  if (section == "environment") return &config.environment;
  if (section == "agent") return &config.agent;
  if (section == "attack") return &config.attack;
  if (section == "defense") return &config.defense;
  if (section == "judge") return &config.judge;
  const auto model = [](const std::optional<PartConfig>& settings) { return settings ? &*settings : nullptr; };
  if (section == "models.agent") return model(config.models.agent);
  if (section == "models.user") return model(config.models.user);
  if (section == "models.attacker") return model(config.models.attacker);
  if (section == "models.defense") return model(config.models.defense);
  if (section == "models.judge") return model(config.models.judge);
  return nullptr;
}

std::string_view NameKey(std::string_view section) { return section.starts_with("models.") ? "provider" : "name"; }

}  // namespace xsweep
