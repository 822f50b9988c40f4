// Part words: what a person asks of the catalog.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/part_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "config/yaml_scalar.h"

namespace xsweep {
namespace {

std::string_view TypeWords(OptionType type) {
  switch (type) {
    case OptionType::kBool: return "true or false";
    case OptionType::kInteger: return "whole number";
    case OptionType::kNumber: return "number";
    case OptionType::kString: return "text";
    case OptionType::kStringList: return "list of texts";
    case OptionType::kNumberRange: return "[low, high]";
    case OptionType::kPart: return "{name: ...}";
    case OptionType::kPartList: return "list of {name: ...}";
    case OptionType::kList: return "list";
    case OptionType::kMapping: return "mapping";
    case OptionType::kAny: return "anything";
  }
  return "";
}

std::string BoundWords(const OptionSpec& option) {
  if (!option.choices.empty()) return Join(option.choices, ", ");
  const std::string_view what =
      option.type == OptionType::kStringList || option.type == OptionType::kPartList || option.type == OptionType::kList
          ? "items "
          : "";
  if (option.minimum && option.maximum) return fmt::format("{}{:g} to {:g}", what, *option.minimum, *option.maximum);
  if (option.minimum) return fmt::format("{}at least {:g}", what, *option.minimum);
  return option.maximum ? fmt::format("{}at most {:g}", what, *option.maximum) : std::string();
}

std::string KindOf(const OptionSpec& option) {
  std::string kind(option.choices.empty() ? TypeWords(option.type) : "one of");
  if (const std::string bounds = BoundWords(option); !bounds.empty())
    kind += (option.choices.empty() ? ", " : " ") + bounds;
  if (option.required) return kind + "; must be given";
  if (option.fallback.is_null()) return kind + "; may be absent";
  return kind + "; default " + FlowYaml(option.fallback);
}

/// What the sections are where the part at hand does not say something else.
struct Sections {
  std::string environment = "{ name: airline, tasks: 0..4 }";
  std::string agent = "{ name: shim }";
  std::string attack = "{ name: static }";
  std::string defense = "{ name: none }";
  std::string judge = "{ name: goal_reached }";
};

bool NeedsWhatWeLack(const PartSpec& part) {
  constexpr std::string_view kPrograms[] = {"process", "acp", "imported"};
  if (std::ranges::find(kPrograms, part.name) != std::end(kPrograms)) return true;
  return part.example.empty() &&
         std::ranges::any_of(part.options, [](const OptionSpec& option) { return option.required; });
}

std::string ModelsFor(const PartSpec& part) {
  const std::string asked =
      part.model_role == "agent"
          ? ""
          : fmt::format("  {}: {{ provider: scripted, fallback: \"no\" }}  # put your own provider and model here\n",
                        part.model_role);
  return "models:\n  agent: { provider: scripted, fallback: Hello. }  # put your own provider and model here\n" + asked;
}

}  // namespace

const std::vector<std::string>& PartRoles() {
  static const std::vector<std::string> roles = {"attack", "defense", "judge", "agent", "environment", "model"};
  return roles;
}

const std::vector<PartSpec>& PartsOf(const PartSpecs& specs, std::string_view role) {
  if (role == "attack") return specs.attacks;
  if (role == "defense") return specs.defenses;
  if (role == "judge") return specs.judges;
  if (role == "agent") return specs.agents;
  if (role == "environment") return specs.environments;
  CHECK(role == "model", "parts of an unknown role");
  return specs.providers;
}

std::string ListParts(const PartSpecs& specs, std::string_view role, std::size_t width) {
  std::string text = fmt::format("{}\n", role);
  std::size_t longest = 0;
  for (const PartSpec& part : PartsOf(specs, role)) longest = std::max(longest, part.name.size());
  for (const PartSpec& part : PartsOf(specs, role)) {
    text += fmt::format("  {:<{}}  {}\n", part.name, longest, Wrapped(part.summary, longest + 4, width));
  }
  return text;
}

std::string DescribePart(const PartSpec& part, std::string_view role, std::size_t width) {
  std::string text = fmt::format("{} {}\n{}\n", role, part.name, Wrapped(part.summary, 0, width));
  if (!part.model_role.empty())
    text += Wrapped(fmt::format("It asks the model `models.{}`.", part.model_role), 0, width) + "\n";
  if (!part.options.empty()) text += "\nOptions\n";
  for (const OptionSpec& option : part.options) {
    text += fmt::format("  {}\n      {}\n      {}\n", option.name, Wrapped(option.help, 6, width),
                        Wrapped(KindOf(option), 6, width));
  }
  return text;
}

std::string ExampleSection(const PartSpec& part, std::string_view role) {
  const bool model = role == "model";
  std::string text = fmt::format("{}:\n{}{}: {}\n", model ? "models" : role, model ? "  agent:\n    " : "  ",
                                 model ? "provider" : "name", part.name);
  const std::string_view indent = model ? "    " : "  ";
  for (const std::string& line : Split(part.example, '\n')) {
    if (!line.empty()) text += fmt::format("{}{}\n", indent, line);
  }
  for (const OptionSpec& option : part.options) {
    const bool said = ("\n" + part.example).find(fmt::format("\n{}:", option.name)) != std::string::npos;
    if (said || option.fallback.is_null()) continue;
    text += fmt::format("{}{}: {}\n", indent, option.name, FlowYaml(option.fallback));
  }
  return text;
}

std::optional<std::string> ExampleConfig(const PartSpec& part, std::string_view role) {
  if (role == "model" || NeedsWhatWeLack(part) || (role == "environment" && part.name != "airline"))
    return std::nullopt;
  const Sections sections;
  const bool asks = !part.model_role.empty();
  const std::string section = ExampleSection(part, role);
  const auto line = [&](std::string_view name, const std::string& usual) {
    return role == name ? section : fmt::format("{}: {}\n", name, usual);
  };
  return fmt::format("exp: try_{}\nmode: {}\nseeds: [1]\ntrials: 1\n{}{}{}{}{}{}transcripts: all\n", part.name,
                     asks ? "REAL" : "SHIM", line("environment", sections.environment),
                     line("agent", asks ? "{ name: tool_agent }" : sections.agent), line("attack", sections.attack),
                     line("defense", sections.defense), line("judge", sections.judge), asks ? ModelsFor(part) : "");
}

}  // namespace xsweep
