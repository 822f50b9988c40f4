// xsweep parts: which attacks, defenses, judges, agents and environments there are, and what each takes.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "parts/agents/external/presets.h"
#include "parts/catalog.h"
#include "sweep/open/part_words.h"

namespace xsweep {
namespace {

/// The part of that name in any role, where only the name was given.
std::string RoleOfPart(const PartSpecs& specs, const std::string& name) {
  for (const std::string& role : PartRoles()) {
    if (FindSpec(PartsOf(specs, role), name) != nullptr && name != "none") return role;
  }
  return {};
}

std::vector<std::string> EveryName(const PartSpecs& specs) {
  std::vector<std::string> names = PartRoles();
  for (const std::string& role : PartRoles())
    std::ranges::move(NamesOf(PartsOf(specs, role)), std::back_inserter(names));
  return names;
}

Expected<int> Show(const PartSpecs& specs, const std::string& role, const std::string& name, bool config) {
  const auto& parts = PartsOf(specs, role);
  const PartSpec* part = FindSpec(parts, name);
  if (part == nullptr)
    return UserError(fmt::format("unknown {} `{}`{}", role, name, DidYouMean(name, NamesOf(parts), "there are")),
                     "parts");
  const auto example = ExampleConfig(*part, role);
  if (config) {
    if (!example)
      return UserError(
          fmt::format("{} `{}` needs data or a program of yours, so there is no config that just runs", role, name),
          "--config");
    Print(*example);
    return kExitDone;
  }
  Print(DescribePart(*part, role, OutputWidth()));
  Print(fmt::format("\nIn a config\n{}", ExampleSection(*part, role)));
  if (example)
    Print(fmt::format("\nA whole config that runs: xsweep parts {} {} --config > try.yaml; xsweep run try.yaml\n", role,
                      name));
  return kExitDone;
}

Expected<int> ShowPreset(const std::string& name) {
  const AgentPreset* preset = FindAgentPreset(name);
  if (preset == nullptr)
    return UserError(fmt::format("unknown preset `{}`{}", name, DidYouMean(name, AgentPresetNames(), "there are")),
                     "--preset");
  Print(PresetAsYaml(*preset));
  return kExitDone;
}

}  // namespace

Expected<int> PartsCommand(const Invocation& invocation) {
  std::string role, name, preset;
  bool config = false;
  Arguments arguments("parts",
                      "Lists attacks, defenses, judges, agents, environments and models, or says what one takes.",
                      "xsweep parts attack record_injection");
  arguments.Positional("role", &role, "attack, defense, judge, agent, environment or model; or a part's name", false)
      .Positional("name", &name, "one part: its options, their defaults and an example", false)
      .Flag("--config", &config, "print only a config that runs the part")
      .Option("--preset", &preset, "of `agent process`: print how that preset starts its agent, to be changed");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  if (!preset.empty()) return ShowPreset(preset);
  const PartSpecs specs = BuildCatalog().Specs();
  if (role.ends_with('s') && std::ranges::find(PartRoles(), role) == PartRoles().end()) role.pop_back();
  const bool is_role = std::ranges::find(PartRoles(), role) != PartRoles().end();
  if (!role.empty() && !is_role && name.empty()) {
    const std::string found = RoleOfPart(specs, role);
    if (!found.empty()) return Show(specs, found, role, config);
  }
  if (!role.empty() && !is_role)
    return UserError(fmt::format("there is no role or part `{}`{}", role, DidYouMean(role, EveryName(specs), "")),
                     "parts");
  if (!name.empty()) return Show(specs, role, name, config);
  for (const std::string& one : PartRoles()) {
    if (role.empty() || role == one) Print(ListParts(specs, one, OutputWidth()) + (role.empty() ? "\n" : ""));
  }
  Print("`xsweep parts ROLE NAME` shows the options of one, with an example.\n");
  return kExitDone;
}

}  // namespace xsweep
