// YAML text becomes a valid SweepConfig, or everything that is wrong with it.
// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/options/check_options.h"
#include "base/text.h"
#include "config/gate_items.h"
#include "config/keys.h"
#include "config/lists.h"
#include "config/overrides.h"
#include "config/prices.h"
#include "config/section.h"
#include "config/yaml_tree.h"

namespace xsweep {
namespace {

constexpr PartFamily kNoParts{"", "", nullptr};

class Loader {
 public:
  Loader(const MarkedValue& root, const PartSpecs& specs, const CheckText& check_gate, Faults& faults)
      : root_(root), specs_(specs), check_gate_(check_gate), faults_(faults) {}

  SweepConfig Run() {
    RefuseUnknownKeys();
    // The axes come first: a section is checked together with those that reach into it. Each has a place of its own in
    // `axes_`, so that the grid keeps the file's order whichever section was checked first.
    if (const MarkedValue* grid = root_.Find("grid")) requests_ = ReadGrid(*grid, specs_, faults_);
    axes_.resize(requests_.size());
    for (const KeySpec& key : TopKeys()) ReadKey(key);
    ReadModels(root_.Find("models"));
    for (auto& axis : axes_) {
      if (axis) config_.grid.push_back(std::move(*axis));
    }
    return std::move(config_);
  }

 private:
  void RefuseUnknownKeys() {
    std::vector<std::string> known;
    for (const KeySpec& key : TopKeys()) known.push_back(key.option.name);
    for (const MarkedEntry& entry : root_.entries) {
      if (std::ranges::find(known, entry.key) != known.end()) continue;
      faults_.Add(entry.key_at,
                  fmt::format("unknown key `{}`{}", Printable(entry.key), DidYouMean(entry.key, known, "known keys")));
    }
  }

  void ReadKey(const KeySpec& key) {
    const MarkedValue* node = root_.Find(key.option.name);
    // An axis over a whole section or its name says what the section would; one over an option needs a section.
    const bool from_grid = std::ranges::any_of(requests_, [&](const AxisRequest& axis) {
      return axis.section == key.option.name && axis.reach != AxisRequest::Reach::kOption;
    });
    if (node == nullptr && key.option.required && !from_grid) {
      return faults_.Add(Mark{}, fmt::format("`{}` is missing: {}", key.option.name, key.option.help));
    }
    switch (key.shape) {
      case KeyShape::kOption: ReadOption(key, node); break;
      case KeyShape::kSeeds: config_.seeds = CheckSeeds(*node, faults_); break;
      case KeyShape::kSection: ReadSection(key.option.name, node); break;
      case KeyShape::kLimits: ReadLimits(node); break;
      case KeyShape::kPrices:
        if (node != nullptr) config_.prices = CheckPrices(*node, faults_);
        break;
      case KeyShape::kDeclared:
        if (node != nullptr) ReadDeclared(key.option.name, *node);
        break;
      case KeyShape::kGrid:
      case KeyShape::kModels: break;  // read by Run, before and after the roles
    }
  }

  /// The fields of every record by their types; what they mean is checked when the environment is open.
  void ReadDeclared(const std::string& section, const MarkedValue& node) {
    const PartSpec* spec = FindSpec(specs_.declared, section);
    if (!node.is_list()) {
      return faults_.Add(node.at, fmt::format("`{}` must be a list of mappings, not {}", section, KindInWords(node)));
    }
    Json records = Json::MakeArray();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const MarkedValue& item = node.items[i];
      const std::string label = fmt::format("{}[{}]", section, i);
      if (!item.is_map()) {
        faults_.Add(item.at, fmt::format("`{}` must be a mapping, not {}", label, KindInWords(item)));
      } else if (spec != nullptr) {
        records.Append(ReadRecord(*spec, item, label));
      }
    }
    config_.declared.Set(section, std::move(records));
  }

  Json ReadRecord(const PartSpec& spec, const MarkedValue& item, const std::string& label) {
    Json record = Json::MakeObject();
    for (const MarkedEntry& entry : item.entries) {
      const OptionSpec* field = FindOption(spec.options, entry.key);
      if (field == nullptr) {
        faults_.Add(entry.key_at, fmt::format("unknown key `{}` of `{}`{}", Printable(entry.key), label,
                                              DidYouMean(entry.key, NamesOf(spec.options), "it takes")));
        continue;
      }
      auto value = CheckOption(*field, entry.value, label + "." + entry.key, kNoParts, faults_);
      if (value) record.Set(entry.key, std::move(*value));
    }
    for (const OptionSpec& field : spec.options) {
      if (field.required && item.Find(field.name) == nullptr) {
        faults_.Add(item.at, fmt::format("`{}` needs `{}`: {}", label, field.name, field.help));
      }
    }
    return record;
  }

  void ReadOption(const KeySpec& key, const MarkedValue* node) {
    const OptionSpec& spec = key.option;
    const auto value = node != nullptr ? CheckOption(spec, *node, spec.name, kNoParts, faults_) : spec.fallback;
    if (!value) return;
    if (key.matches != nullptr && !key.matches(value->AsString())) {
      return faults_.Add(
          node->at, fmt::format("`{}` must be {}, not `{}`", spec.name, key.expectation, Printable(value->AsString())));
    }
    PlainKeys().Find(spec.name)->read(*value, config_);
    if (spec.name == "gates" && node != nullptr && check_gate_) CheckGates(node->items);
  }

  void CheckGates(const std::vector<MarkedValue>& gates) {
    for (const MarkedValue& gate : gates) {
      const std::string wrong = check_gate_(gate.text);
      if (!wrong.empty()) faults_.Add(gate.at, fmt::format("`{}`: {}", Printable(gate.text), wrong));
    }
  }

  PartConfig* RoleOf(std::string_view section) {
    if (section == "environment") return &config_.environment;
    if (section == "agent") return &config_.agent;
    if (section == "attack") return &config_.attack;
    return section == "defense" ? &config_.defense : &config_.judge;
  }

  void ReadSection(const std::string& section, const MarkedValue* node) {
    const bool optional = section == "attack" || section == "defense";
    if (section == "environment" && node != nullptr) {
      if (const MarkedValue* tasks = node->Find("tasks")) config_.tasks = CheckTasks(*tasks, faults_);
    }
    if (auto part = Check(section, node, optional ? kNoPart : "")) *RoleOf(section) = std::move(*part);
  }

  std::optional<PartConfig> Check(const std::string& section, const MarkedValue* node, std::string_view absent_name) {
    CheckedSection checked = CheckSection(section, node, absent_name, requests_, specs_, faults_);
    if (checked.variants) config_.variants.push_back(std::move(*checked.variants));
    for (std::size_t i = 0; i < checked.axes.size(); ++i) {
      if (checked.axes[i]) axes_[i] = std::move(checked.axes[i]);
    }
    if (!checked.part && !absent_name.empty() && node == nullptr) return PartConfig{std::string(absent_name)};
    return std::move(checked.part);
  }

  void ReadModels(const MarkedValue* node) {
    if (node != nullptr && !node->is_map()) {
      return faults_.Add(node->at, fmt::format("`models` must be a mapping of roles, not {}", KindInWords(*node)));
    }
    // All roles, also without `models` in the file: an axis may bring in a model that stands nowhere else.
    for (const Role role : kEvery<Role>) {
      const std::string name(NameOf(role));
      config_.models[role] = Check("models." + name, node == nullptr ? nullptr : node->Find(name), "");
    }
    if (node == nullptr) return;
    for (const MarkedEntry& entry : node->entries) {
      if (std::ranges::find(ModelRoles(), entry.key) != ModelRoles().end()) continue;
      faults_.Add(entry.key_at, fmt::format("unknown model role `{}`{}", Printable(entry.key),
                                            DidYouMean(entry.key, ModelRoles(), "there are")));
    }
  }

  void ReadLimits(const MarkedValue* node) {
    if (node == nullptr) return;
    if (!node->is_map()) {
      return faults_.Add(node->at, fmt::format("`limits` must be a mapping, not {}", KindInWords(*node)));
    }
    for (const MarkedEntry& entry : node->entries) {
      if (entry.key == "roles") {
        ReadRoleLimits(entry.value);
      } else if (const Option<Limits>* limit = LimitKeys().Find(entry.key)) {
        ReadLimit(*limit, entry, "limits.", config_.limits);
      } else {
        std::vector<std::string> known = NamesOf(LimitKeys().Specs());
        known.emplace_back("roles");
        faults_.Add(entry.key_at, fmt::format("unknown limit `{}`{}", Printable(entry.key),
                                              DidYouMean(entry.key, known, "there are")));
      }
    }
  }

  template <class T>
  void ReadLimit(const Option<T>& limit, const MarkedEntry& entry, const std::string& label, T& limits) {
    const auto value = CheckOption(limit.spec, entry.value, label + entry.key, kNoParts, faults_);
    if (value) limit.read(*value, limits);
  }

  void ReadRoleLimits(const MarkedValue& node) {
    if (!node.is_map()) {
      return faults_.Add(node.at, fmt::format("`limits.roles` must be a mapping of roles, not {}", KindInWords(node)));
    }
    for (const MarkedEntry& entry : node.entries) {
      const auto role = Parse<Role>(entry.key);
      if (!role) {
        faults_.Add(entry.key_at, fmt::format("unknown role `{}`{}", Printable(entry.key),
                                              DidYouMean(entry.key, ModelRoles(), "there are")));
        continue;
      }
      ReadLimitsOfRole(entry.value, "limits.roles." + entry.key, config_.limits.roles[*role]);
    }
  }

  void ReadLimitsOfRole(const MarkedValue& node, const std::string& label, CallLimits& limits) {
    if (!node.is_map()) {
      return faults_.Add(node.at, fmt::format("`{}` must be a mapping, not {}", label, KindInWords(node)));
    }
    for (const MarkedEntry& entry : node.entries) {
      if (const Option<CallLimits>* limit = RoleLimitKeys().Find(entry.key)) {
        ReadLimit(*limit, entry, label + ".", limits);
      } else if (LimitKeys().Find(entry.key) != nullptr) {
        faults_.Add(entry.key_at, fmt::format("`{}` does not divide by role; set `limits.{}`", entry.key, entry.key));
      } else {
        faults_.Add(entry.key_at, fmt::format("unknown limit `{}` of a role{}", Printable(entry.key),
                                              DidYouMean(entry.key, NamesOf(RoleLimitKeys().Specs()), "there are")));
      }
    }
  }

  const MarkedValue& root_;
  const PartSpecs& specs_;
  const CheckText& check_gate_;
  Faults& faults_;
  SweepConfig config_;
  std::vector<AxisRequest> requests_;
  std::vector<std::optional<GridAxis>> axes_;
};

}  // namespace

Expected<LoadedConfig> LoadConfig(std::string_view text, const std::string& file_name, const PartSpecs& specs,
                                  const Overrides& overrides, const CheckText& check_gate) {
  Faults faults(file_name);
  auto root = ParseYaml(text, 0, faults);
  // Text that is no YAML has said so already, and is not called empty as well.
  if (faults.empty() && (!root || root->is_null())) {
    faults.Add(Mark{}, "the file is empty; a config has at least exp, seeds, environment, agent and judge");
  } else if (root && !root->is_map()) {
    faults.Add(root->at, fmt::format("a config is a mapping of keys, not {}", KindInWords(*root)));
  }
  if (!root || !root->is_map()) return std::unexpected(faults.ToError());
  // Before anything is checked, so that a fault of a flag is said like those of the file and beside them; before gates
  // are flattened, because a flag may bring them as mappings too.
  ApplyOverrides(overrides, *root, faults);
  if (MarkedValue* gates = root->Find("gates"); gates != nullptr && gates->is_list()) FlattenGates(*gates, faults);
  SweepConfig config = Loader(*root, specs, check_gate, faults).Run();
  if (!faults.empty()) return std::unexpected(faults.ToError());
  config.source = file_name;
  return LoadedConfig{std::move(config), std::move(*root), std::move(faults)};
}

}  // namespace xsweep
