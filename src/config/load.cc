// YAML text becomes a valid SweepConfig, or everything that is wrong with it.
// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/check_options.h"
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
  Loader(const YamlNode& root, const PartSpecs& specs, Faults& faults) : root_(root), specs_(specs), faults_(faults) {}

  SweepConfig Run() {
    RefuseUnknownKeys();
    if (const YamlNode* grid = root_.Find("grid")) requests_ = ReadGrid(*grid, specs_, faults_);
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
    for (const YamlEntry& entry : root_.entries) {
      if (std::ranges::find(known, entry.key) != known.end()) continue;
      faults_.Add(entry.key_at,
                  fmt::format("unknown key `{}`{}", Printable(entry.key), DidYouMean(entry.key, known, "known keys")));
    }
  }

  void ReadKey(const KeySpec& key) {
    const YamlNode* node = root_.Find(key.option.name);
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
  void ReadDeclared(const std::string& section, const YamlNode& node) {
    const PartSpec* spec = FindSpec(specs_.declared, section);
    if (!node.is_list()) {
      return faults_.Add(node.at, fmt::format("`{}` must be a list of mappings, not {}", section, KindInWords(node)));
    }
    Json records = Json::MakeArray();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const YamlNode& item = node.items[i];
      const std::string label = fmt::format("{}[{}]", section, i);
      if (!item.is_map()) {
        faults_.Add(item.at, fmt::format("`{}` must be a mapping, not {}", label, KindInWords(item)));
      } else if (spec != nullptr) {
        records.Append(ReadRecord(*spec, item, label));
      }
    }
    config_.declared.Set(section, std::move(records));
  }

  Json ReadRecord(const PartSpec& spec, const YamlNode& item, const std::string& label) {
    Json record = Json::MakeObject();
    for (const YamlEntry& entry : item.entries) {
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

  void ReadOption(const KeySpec& key, const YamlNode* node) {
    const OptionSpec& spec = key.option;
    const auto value = node != nullptr ? CheckOption(spec, *node, spec.name, kNoParts, faults_) : spec.fallback;
    if (!value) return;
    if (key.matches != nullptr && !key.matches(value->AsString())) {
      return faults_.Add(
          node->at, fmt::format("`{}` must be {}, not `{}`", spec.name, key.expectation, Printable(value->AsString())));
    }
    Assign(spec.name, *value);
  }

  void Assign(std::string_view key, const Json& value) {
    if (key == "exp") config_.exp = value.AsString();
    if (key == "description") config_.description = value.AsString();
    if (key == "mode") config_.mode = value.AsString() == "REAL" ? Mode::kReal : Mode::kShim;
    if (key == "trials") config_.trials = static_cast<std::uint32_t>(value.AsInt());
    if (key == "controls") config_.controls = value.AsBool();
    if (key == "unanswered") config_.unanswered_resists = value.AsString() == "resisted";
    if (key == "transcripts") config_.transcripts = ParseTranscripts(value.AsString());
    if (key != "gates") return;
    for (const Json& gate : value.items()) config_.gates.push_back(gate.AsString());
  }

  static TranscriptPolicy ParseTranscripts(std::string_view text) {
    using Kind = TranscriptPolicy::Kind;
    if (text == "all") return {Kind::kAll, 0};
    if (text == "none") return {Kind::kNone, 0};
    if (text == "failures") return {Kind::kFailures, 0};
    return {Kind::kSample, static_cast<std::uint32_t>(*ParseUnsigned(text.substr(text.find(':') + 1)))};
  }

  PartConfig* RoleOf(std::string_view section) {
    if (section == "environment") return &config_.environment;
    if (section == "agent") return &config_.agent;
    if (section == "attack") return &config_.attack;
    return section == "defense" ? &config_.defense : &config_.judge;
  }

  void ReadSection(const std::string& section, const YamlNode* node) {
    const bool optional = section == "attack" || section == "defense";
    if (section == "environment" && node != nullptr) {
      if (const YamlNode* tasks = node->Find("tasks")) config_.tasks = CheckTasks(*tasks, faults_);
    }
    if (auto part = Check(section, node, optional ? kNoPart : "")) *RoleOf(section) = std::move(*part);
  }

  std::optional<PartConfig> Check(const std::string& section, const YamlNode* node, std::string_view absent_name) {
    CheckedSection checked = CheckSection(section, node, absent_name, requests_, specs_, faults_);
    if (checked.variants) config_.variants.push_back(std::move(*checked.variants));
    for (std::size_t i = 0; i < checked.axes.size(); ++i) {
      if (checked.axes[i]) axes_[i] = std::move(checked.axes[i]);
    }
    if (!checked.part && !absent_name.empty() && node == nullptr) return PartConfig{std::string(absent_name)};
    return std::move(checked.part);
  }

  void ReadModels(const YamlNode* node) {
    if (node != nullptr && !node->is_map()) {
      return faults_.Add(node->at, fmt::format("`models` must be a mapping of roles, not {}", KindInWords(*node)));
    }
    std::optional<PartConfig>* const slots[] = {&config_.models.agent, &config_.models.user, &config_.models.attacker,
                                                &config_.models.defense, &config_.models.judge};
    for (std::size_t i = 0; i < ModelRoles().size(); ++i) {
      *slots[i] = Check("models." + ModelRoles()[i], node == nullptr ? nullptr : node->Find(ModelRoles()[i]), "");
    }
    if (node == nullptr) return;
    for (const YamlEntry& entry : node->entries) {
      if (std::ranges::find(ModelRoles(), entry.key) != ModelRoles().end()) continue;
      faults_.Add(entry.key_at, fmt::format("unknown model role `{}`{}", Printable(entry.key),
                                            DidYouMean(entry.key, ModelRoles(), "there are")));
    }
  }

  void ReadLimits(const YamlNode* node) {
    if (node == nullptr) return;
    if (!node->is_map()) {
      return faults_.Add(node->at, fmt::format("`limits` must be a mapping, not {}", KindInWords(*node)));
    }
    for (const YamlEntry& entry : node->entries) {
      if (entry.key == "roles") {
        ReadRoleLimits(entry.value);
        continue;
      }
      if (const OptionSpec* spec = FindOption(LimitKeys(), entry.key)) {
        const auto value = CheckOption(*spec, entry.value, "limits." + entry.key, kNoParts, faults_);
        if (value) AssignLimit(entry.key, *value);
        continue;
      }
      std::vector<std::string> known = NamesOf(LimitKeys());
      known.emplace_back("roles");
      faults_.Add(entry.key_at,
                  fmt::format("unknown limit `{}`{}", Printable(entry.key), DidYouMean(entry.key, known, "there are")));
    }
  }

  void ReadRoleLimits(const YamlNode& node) {
    if (!node.is_map()) {
      return faults_.Add(node.at, fmt::format("`limits.roles` must be a mapping of roles, not {}", KindInWords(node)));
    }
    for (const YamlEntry& entry : node.entries) {
      const auto role = std::ranges::find(ModelRoles(), entry.key);
      if (role == ModelRoles().end()) {
        faults_.Add(entry.key_at, fmt::format("unknown role `{}`{}", Printable(entry.key),
                                              DidYouMean(entry.key, ModelRoles(), "there are")));
        continue;
      }
      const auto place = static_cast<std::size_t>(role - ModelRoles().begin());
      ReadLimitsOfRole(entry.value, "limits.roles." + entry.key, config_.limits.roles[place]);
    }
  }

  void ReadLimitsOfRole(const YamlNode& node, const std::string& label, CallLimits& limits) {
    if (!node.is_map()) {
      return faults_.Add(node.at, fmt::format("`{}` must be a mapping, not {}", label, KindInWords(node)));
    }
    for (const YamlEntry& entry : node.entries) {
      if (const OptionSpec* spec = FindOption(RoleLimitKeys(), entry.key)) {
        const auto value = CheckOption(*spec, entry.value, label + "." + entry.key, kNoParts, faults_);
        if (value) AssignCallLimit(entry.key, *value, limits);
      } else if (FindOption(LimitKeys(), entry.key) != nullptr) {
        faults_.Add(entry.key_at, fmt::format("`{}` does not divide by role; set `limits.{}`", entry.key, entry.key));
      } else {
        faults_.Add(entry.key_at, fmt::format("unknown limit `{}` of a role{}", Printable(entry.key),
                                              DidYouMean(entry.key, NamesOf(RoleLimitKeys()), "there are")));
      }
    }
  }

  static void AssignCallLimit(std::string_view key, const Json& value, CallLimits& limits) {
    if (key == "max_calls") limits.max_calls = value.AsInt();
    if (key == "max_prompt_tokens") limits.max_prompt_tokens = value.AsInt();
    if (key == "max_completion_tokens") limits.max_completion_tokens = value.AsInt();
    if (key == "max_total_tokens") limits.max_total_tokens = value.AsInt();
    if (key == "max_cost_usd") limits.max_cost_usd = value.AsDouble();
  }

  void AssignLimit(std::string_view key, const Json& value) {
    Limits& limits = config_.limits;
    AssignCallLimit(key, value, limits);
    if (key == "max_seconds") limits.max_seconds = value.AsDouble();
    if (key == "max_error_rate") limits.max_error_rate = value.AsDouble();
    if (key == "max_turns") limits.max_turns = static_cast<int>(value.AsInt());
    if (key == "max_tool_calls") limits.max_tool_calls = static_cast<int>(value.AsInt());
    if (key == "max_tool_errors") limits.max_tool_errors = static_cast<int>(value.AsInt());
  }

  const YamlNode& root_;
  const PartSpecs& specs_;
  Faults& faults_;
  SweepConfig config_;
  std::vector<AxisRequest> requests_;
  std::vector<std::optional<GridAxis>> axes_;
};

}  // namespace

Expected<SweepConfig> LoadConfig(std::string_view text, const std::string& file_name, const PartSpecs& specs,
                                 const Overrides& overrides) {
  Faults faults(file_name);
  auto root = ParseYaml(text, 0, faults);
  if (faults.empty() && (!root || root->is_null())) {
    faults.Add(Mark{}, "the file is empty; a config has at least exp, seeds, environment, agent and judge");
  } else if (root && !root->is_map()) {
    faults.Add(root->at, fmt::format("a config is a mapping of keys, not {}", KindInWords(*root)));
  }
  if (!root || !root->is_map()) return std::unexpected(faults.ToError());
  ApplyOverrides(overrides, *root, faults);
  if (YamlNode* gates = root->Find("gates"); gates != nullptr && gates->is_list()) FlattenGates(*gates, faults);
  SweepConfig config = Loader(*root, specs, faults).Run();
  if (!faults.empty()) return std::unexpected(faults.ToError());
  config.source = file_name;
  return config;
}

}  // namespace xsweep
