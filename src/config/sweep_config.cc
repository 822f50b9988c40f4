// SweepConfig: the few questions a config answers about itself.
// SPDX-License-Identifier: Apache-2.0
#include "config/sweep_config.h"

#include "base/error.h"

namespace xsweep {

namespace {

const std::optional<PartConfig>* FindModel(const ModelsConfig& models, std::string_view role) {
  const auto known = Parse<Role>(role);
  return known ? &models[*known] : nullptr;
}

}  // namespace

const std::optional<PartConfig>& ModelOf(const ModelsConfig& models, std::string_view role) {
  const std::optional<PartConfig>* model = FindModel(models, role);
  CHECK(model != nullptr, "a model was asked for by an unknown role");
  return *model;
}

const PartConfig* FindSection(const SweepConfig& config, std::string_view section) {
  if (section == "environment") return &config.environment;
  if (section == "agent") return &config.agent;
  if (section == "attack") return &config.attack;
  if (section == "defense") return &config.defense;
  if (section == "judge") return &config.judge;
  constexpr std::string_view kModels = "models.";
  if (!section.starts_with(kModels)) return nullptr;
  const std::optional<PartConfig>* model = FindModel(config.models, section.substr(kModels.size()));
  return model != nullptr && *model ? &**model : nullptr;
}

std::string_view NameKey(std::string_view section) { return section.starts_with("models.") ? "provider" : "name"; }

}  // namespace xsweep
