// A config written back: as YAML, and as a fingerprint.
// SPDX-License-Identifier: Apache-2.0
#include "config/resolved.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "config/keys.h"
#include "config/lists.h"
#include "config/yaml_scalar.h"

namespace xsweep {
namespace {

const SectionVariants* FindVariants(const SweepConfig& config, std::string_view section) {
  const auto found = std::ranges::find(config.variants, section, &SectionVariants::section);
  return found == config.variants.end() ? nullptr : &*found;
}

/// True when every part that takes the option means the same by the section's silence or value.
bool Agreed(const SectionVariants& variants, const std::string& option, const Json& value) {
  return std::ranges::all_of(variants.parts, [&](const SectionVariants::Variant& variant) {
    if (std::ranges::find(variant.accepts, option) == variant.accepts.end()) return true;
    const Json* other = variant.part.options.Find(option);
    return other != nullptr && *other == value;
  });
}

/// The section as a mapping that means the same under each part the grid can give it.
Json SectionAsJson(const SweepConfig& config, const std::string& section, const PartConfig& part) {
  const SectionVariants* variants = FindVariants(config, section);
  if (variants == nullptr) return PartAsJson(NameKey(section), part);
  Json mapping = Json::MakeObject({{std::string(NameKey(section)), part.name}});
  for (const SectionVariants::Variant& variant : variants->parts) {
    for (const auto& [option, value] : variant.part.options.members()) {
      if (Agreed(*variants, option, value)) mapping.Set(option, value);
    }
  }
  return mapping;
}

/// Of the limits that are numbers with a fraction, fingerprints have always held one: 2.0.
template <class T>
void WriteLimits(const Options<T>& keys, const T& limits, std::vector<Json::Member>& members) {
  for (const Option<T>& key : keys.all()) {
    Json value = key.write(limits);
    if (value.is_null()) continue;
    members.emplace_back(key.spec.name,
                         key.spec.type == OptionType::kNumber ? Json(value.AsDouble()) : std::move(value));
  }
}

Json LimitsAsJson(const Limits& limits) {
  std::vector<Json::Member> members;
  WriteLimits(LimitKeys(), limits, members);
  // Only what is bounded, so that a config without such bounds keeps its fingerprint.
  Json roles = Json::MakeObject();
  for (const Role role : kEvery<Role>) {
    if (limits.roles[role] == CallLimits()) continue;
    std::vector<Json::Member> of_role;
    WriteLimits(RoleLimitKeys(), limits.roles[role], of_role);
    roles.Set(NameOf(role), Json::MakeObject(std::move(of_role)));
  }
  if (roles.size() > 0) {
    members.insert(std::ranges::find(members, "max_turns", &Json::Member::first), {"roles", roles});
  }
  return Json::MakeObject(std::move(members));
}

/// A plain key as it is written.
Json PlainKey(const SweepConfig& config, std::string_view name) { return PlainKeys().Find(name)->write(config); }

template <class Texts>
Json ListOf(const Texts& texts) {
  Json list = Json::MakeArray();
  for (const auto& text : texts) list.Append(text);
  return list;
}

Json TasksAsJson(const SweepConfig& config) { return config.tasks.empty() ? Json("all") : ListOf(config.tasks); }

Json SectionMeaning(const SweepConfig& config, const std::string& section, const PartConfig& part) {
  const SectionVariants* variants = FindVariants(config, section);
  Json meaning = Json::MakeArray({PartAsJson("name", part)});
  if (variants == nullptr) return meaning;
  for (const SectionVariants::Variant& variant : variants->parts) meaning.Append(PartAsJson("name", variant.part));
  return meaning;
}

Json Sorted(const Json& value) {
  if (value.is_array()) {
    Json list = Json::MakeArray();
    for (const Json& item : value.items()) list.Append(Sorted(item));
    return list;
  }
  if (!value.is_object()) return value;
  std::vector<Json::Member> members;
  for (const auto& [key, member] : value.members()) members.emplace_back(key, Sorted(member));
  std::ranges::sort(members, {}, &Json::Member::first);
  return Json::MakeObject(std::move(members));
}

}  // namespace

std::string CanonicalDump(const Json& value) { return Sorted(value).Dump(); }

Json PartAsJson(std::string_view name_key, const PartConfig& part) {
  std::vector<Json::Member> members = {{std::string(name_key), part.name}};
  for (const Json::Member& member : part.options.members()) members.push_back(member);
  return Json::MakeObject(std::move(members));
}

std::string ResolvedYaml(const SweepConfig& config) {
  std::string out;
  const auto line = [&](std::string_view key, const Json& value) {
    out += fmt::format("{}: {}\n", key, FlowYaml(value));
  };
  line("exp", config.exp);
  if (!config.description.empty()) line("description", config.description);
  line("mode", NameOf(config.mode));
  line("seeds", SeedsInShort(config.seeds));
  line("trials", config.trials);
  for (const std::string& section : RoleSections()) {
    Json mapping = SectionAsJson(config, section, *FindSection(config, section));
    if (section == "environment") mapping.Set("tasks", TasksAsJson(config));
    line(section, mapping);
  }
  for (const auto& [section, records] : config.declared.members()) line(section, records);
  if (!config.grid.empty()) out += "grid:\n";
  for (const GridAxis& axis : config.grid) line("  " + FlowYaml(axis.path), Json::MakeArray(axis.values));
  line("controls", config.controls);
  line("limits", LimitsAsJson(config.limits));
  std::string models;
  for (const std::string& role : ModelRoles()) {
    const PartConfig* model = FindSection(config, "models." + role);
    if (model == nullptr) continue;
    models += fmt::format("  {}: {}\n", role, FlowYaml(SectionAsJson(config, "models." + role, *model)));
  }
  if (!models.empty()) out += "models:\n" + models;
  if (config.prices.size() > 0) line("prices", config.prices);
  line("gates", ListOf(config.gates));
  line("transcripts", PlainKey(config, "transcripts"));
  if (config.unanswered_resists) line("unanswered", "resisted");
  if (!config.judge_checked.empty()) line("judge_checked", config.judge_checked);
  return out;
}

std::string ConfigHash(const SweepConfig& config) {
  Json meaning = Json::MakeObject();
  meaning.Set("mode", NameOf(config.mode));
  meaning.Set("seeds", ListOf(config.seeds));
  meaning.Set("trials", config.trials);
  meaning.Set("tasks", TasksAsJson(config));
  for (const std::string& section : AllSections()) {
    if (const PartConfig* part = FindSection(config, section))
      meaning.Set(section, SectionMeaning(config, section, *part));
  }
  // Only what is declared, so that a config without keeps its fingerprint.
  if (config.declared.size() > 0) meaning.Set("declared", config.declared);
  Json grid = Json::MakeArray();
  for (const GridAxis& axis : config.grid) grid.Append(Json::MakeArray({axis.path, Json::MakeArray(axis.values)}));
  meaning.Set("grid", grid);
  meaning.Set("controls", config.controls);
  meaning.Set("limits", LimitsAsJson(config.limits));
  if (config.prices.size() > 0) meaning.Set("prices", config.prices);
  meaning.Set("gates", ListOf(config.gates));
  meaning.Set("transcripts", PlainKey(config, "transcripts"));
  if (config.unanswered_resists) meaning.Set("unanswered", "resisted");
  return ShortHash(CanonicalDump(meaning));
}

}  // namespace xsweep
