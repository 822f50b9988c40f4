// The cells of a config: every combination of the grid's values, and the arms that controls add.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/hash.h"
#include "base/text.h"
#include "config/prices.h"
#include "config/resolved.h"
#include "plan/cell_id.h"
#include "plan/plan.h"
#include "words/axis_words.h"

namespace xsweep {
namespace {

struct Target {
  std::string section;
  std::string rest;  ///< "" for the whole section, its name key, or an option
};

Target TargetOf(const std::string& path) {
  std::size_t end = path.find('.');
  if (path.starts_with("models.")) end = path.find('.', std::string_view("models.").size());
  if (end == std::string::npos) return {path, ""};
  return {path.substr(0, end), path.substr(end + 1)};
}

PartConfig& SectionOf(Cell& cell, std::string_view section) {
  if (section == "environment") return cell.environment;
  if (section == "agent") return cell.agent;
  if (section == "attack") return cell.attack;
  if (section == "defense") return cell.defense;
  if (section == "judge") return cell.judge;
  constexpr std::string_view kModels = "models.";
  const auto role = section.starts_with(kModels) ? Parse<Role>(section.substr(kModels.size())) : std::nullopt;
  CHECK(role.has_value(), "an axis into an unknown section");
  std::optional<PartConfig>& settings = cell.models[*role];
  return settings ? *settings : settings.emplace();
}

/// What a cell plays, however it is named. A model without a part that asks it plays nothing.
Json RolesOf(const Cell& cell) {
  Json roles = Json::MakeObject();
  const auto set = [&](const char* key, const PartConfig& part) { roles.Set(key, PartAsJson("name", part)); };
  set("environment", cell.environment);
  set("agent", cell.agent);
  set("attack", cell.attack);
  set("defense", cell.defense);
  set("judge", cell.judge);
  for (const Role role : kEvery<Role>) {
    const bool asked = (role != Role::kAttacker || cell.attack.name != kNoPart) &&
                       (role != Role::kDefense || cell.defense.name != kNoPart);
    if (asked && cell.models[role])
      roles.Set(fmt::format("models.{}", NameOf(role)), PartAsJson("name", *cell.models[role]));
  }
  return roles;
}

/// Same roles, same hash.
std::string HashOf(const Cell& cell) { return ShortHash(CanonicalDump(RolesOf(cell))); }

/// Who judges comes when all has been said. Whether there is a model to judge with stays in: an environment that has
/// none assesses less.
std::string DialogueHashOf(const Cell& cell) {
  Json roles = RolesOf(cell);
  roles.Erase("judge");
  if (roles.Erase("models.judge")) roles.Set("judged_by_model", true);
  return ShortHash(CanonicalDump(roles));
}

class Expansion {
 public:
  explicit Expansion(const SweepConfig& config) : config_(config) {
    for (const GridAxis& axis : config.grid) {
      targets_.push_back(TargetOf(axis.path));
      labels_.push_back(ValueLabels(axis));
    }
  }

  Expected<std::vector<Cell>> Run() {
    TRY_ASSIGN(const std::uint64_t count, CountCombinations());
    for (std::uint64_t i = 0; i < count; ++i) Keep(Combination(i));
    if (config_.controls) {
      AddControls(count, Arm::kNoAttack);
      AddControls(count, Arm::kNoDefense);
    }
    return std::move(cells_);
  }

 private:
  Expected<std::uint64_t> CountCombinations() const {
    std::uint64_t count = 1;
    for (const GridAxis& axis : config_.grid) {
      count *= axis.values.size();
      if (count > kMostCells) {
        return UserError(
            fmt::format("the grid has more than {} cells; drop an axis or some values", WithThousands(kMostCells)),
            config_.source);
      }
    }
    return count;
  }

  /// Which value of each axis the combination takes; the last axis varies fastest.
  std::vector<std::size_t> Choices(std::uint64_t combination) const {
    std::vector<std::size_t> choices(config_.grid.size());
    for (std::size_t axis = choices.size(); axis-- > 0;) {
      choices[axis] = combination % config_.grid[axis].values.size();
      combination /= config_.grid[axis].values.size();
    }
    return choices;
  }

  Cell Combination(std::uint64_t combination) const {
    Cell cell;
    cell.environment = config_.environment;
    cell.agent = config_.agent;
    cell.attack = config_.attack;
    cell.defense = config_.defense;
    cell.judge = config_.judge;
    cell.models = config_.models;
    const std::vector<std::size_t> choices = Choices(combination);
    std::vector<std::pair<std::string, std::string>> labels;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      cell.axes.emplace_back(config_.grid[i].path, config_.grid[i].values[choices[i]]);
      labels.emplace_back(config_.grid[i].path, labels_[i][choices[i]]);
    }
    cell.id = CellId(labels);
    for (std::size_t i = 0; i < choices.size(); ++i) SetPart(targets_[i], cell.axes[i].second, cell);
    for (std::size_t i = 0; i < choices.size(); ++i) SetOption(targets_[i], cell.axes[i].second, cell);
    return cell;
  }

  void SetPart(const Target& target, const Json& value, Cell& cell) const {
    const std::string_view key = NameKey(target.section);
    if (target.rest.empty()) {
      Json options = value;
      options.Erase(key);
      options.Erase(kLabelKey);
      SectionOf(cell, target.section) = {std::string(value.StringOr(key, "")), std::move(options)};
    } else if (target.rest == key) {
      const SectionVariants::Variant* variant = FindVariant(target.section, value.AsString());
      CHECK(variant != nullptr, "an axis over parts without their variants");
      SectionOf(cell, target.section) = variant->part;
    }
  }

  void SetOption(const Target& target, const Json& value, Cell& cell) const {
    if (target.rest.empty() || target.rest == NameKey(target.section)) return;
    PartConfig& part = SectionOf(cell, target.section);
    const SectionVariants::Variant* variant = FindVariant(target.section, part.name);
    const bool accepted =
        variant == nullptr || std::ranges::find(variant->accepts, target.rest) != variant->accepts.end();
    if (accepted) part.options.Set(target.rest, value);
  }

  const SectionVariants::Variant* FindVariant(std::string_view section, std::string_view name) const {
    for (const SectionVariants& variants : config_.variants) {
      if (variants.section != section) continue;
      for (const auto& variant : variants.parts) {
        if (variant.part.name == name) return &variant;
      }
    }
    return nullptr;
  }

  /// Controls come after the whole grid, so that switching them on moves no other trial.
  void AddControls(std::uint64_t combinations, Arm arm) {
    for (std::uint64_t i = 0; i < combinations; ++i) {
      Cell cell = Control(i, arm);
      if (!played_.contains(HashOf(cell))) Keep(std::move(cell));
    }
  }

  Cell Control(std::uint64_t combination, Arm arm) const {
    const bool attack = arm == Arm::kNoAttack;
    const std::string_view section = attack ? "attack" : "defense";
    const std::string_view model = attack ? "models.attacker" : "models.defense";
    Cell cell = Combination(combination);
    cell.arm = arm;
    const PartConfig nobody{std::string(kNoPart), Json::MakeObject()};
    (attack ? cell.attack : cell.defense) = nobody;
    if (attack)
      cell.models[Role::kAttacker].reset();
    else
      cell.models[Role::kDefense].reset();
    const std::vector<std::size_t> choices = Choices(combination);
    std::vector<std::pair<std::string, std::string>> labels;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      const Target& target = targets_[i];
      if (target.section != section && target.section != model) {
        labels.emplace_back(config_.grid[i].path, labels_[i][choices[i]]);
        continue;
      }
      const bool names_part = target.section == section && (target.rest.empty() || target.rest == NameKey(section));
      cell.axes[i].second = names_part ? Json(kNoPart) : Json();
    }
    cell.id = fmt::format("{}+{}", CellId(labels), NameOf(arm));
    return cell;
  }

  /// After the hash: what a model costs does not change what the cell plays.
  void StatePrices(ModelsConfig& models) const {
    for (std::optional<PartConfig>& model : models) {
      if (model) StatePrice(config_.prices, *model);
    }
  }

  void Keep(Cell cell) {
    cell.index = static_cast<std::uint32_t>(cells_.size());
    cell.hash = HashOf(cell);
    cell.dialogue = DialogueHashOf(cell);
    StatePrices(cell.models);
    played_.insert(cell.hash);
    cells_.push_back(std::move(cell));
  }

  const SweepConfig& config_;
  std::vector<Target> targets_;
  std::vector<std::vector<std::string>> labels_;
  std::vector<Cell> cells_;
  std::unordered_set<std::string> played_;
};

}  // namespace

Expected<std::vector<Cell>> ExpandCells(const SweepConfig& config) { return Expansion(config).Run(); }

}  // namespace xsweep
