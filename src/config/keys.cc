// The keys of a config as tables.
// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace xsweep {
namespace {

bool IsExperimentName(std::string_view text) {
  if (text == "latest" || text == "index.csv") return false;  // have a meaning of their own among results
  return !text.empty() && text.size() <= 100 && text[0] != '.' && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  });
}

bool IsTranscriptPolicy(std::string_view text) {
  if (text == "all" || text == "failures" || text == "none") return true;
  constexpr std::string_view kSample = "sample:";
  if (!text.starts_with(kSample) || text.substr(kSample.size()).starts_with('0')) return false;
  const auto every = ParseUnsigned(text.substr(kSample.size()));
  return every && *every <= 999'999'999;
}

KeySpec Plain(OptionSpec option) { return {KeyShape::kOption, std::move(option), "", nullptr, ""}; }
KeySpec Shaped(KeyShape shape, std::string name, std::string help, bool required = false) {
  return {shape, {.name = std::move(name), .help = std::move(help), .required = required}, "", nullptr, ""};
}
OptionSpec Count(std::string name, std::string help, double minimum, Json fallback = {}) {
  return {.name = std::move(name),
          .type = OptionType::kInteger,
          .help = std::move(help),
          .fallback = std::move(fallback),
          .minimum = minimum,
          .maximum = 9e15};
}
OptionSpec Amount(std::string name, std::string help, std::optional<double> maximum = {}) {
  return {
      .name = std::move(name), .type = OptionType::kNumber, .help = std::move(help), .minimum = 0, .maximum = maximum};
}
OptionSpec EpisodeBound(std::string name, std::string help, int fallback) {
  OptionSpec spec = Count(std::move(name), std::move(help), 1, fallback);
  spec.maximum = 1'000'000;
  return spec;
}

std::vector<KeySpec> MakeTopKeys() {
  std::vector<KeySpec> keys;
  keys.push_back({KeyShape::kOption,
                  {.name = "exp", .help = "Name of the experiment; runs are kept under it.", .required = true},
                  "^(?!(latest|index\\.csv)$)[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$",
                  IsExperimentName,
                  "letters, digits, `_`, `-` and `.` (not first), at most 100 of them, and neither `latest` nor "
                  "`index.csv`"});
  keys.push_back(Plain({.name = "description", .help = "What the experiment is for.", .fallback = ""}));
  keys.push_back(Plain({.name = "mode",
                        .help = "SHIM simulates the agent; REAL calls the configured models.",
                        .fallback = "SHIM",
                        .choices = {"SHIM", "REAL"}}));
  keys.push_back(Shaped(KeyShape::kSeeds, "seeds", "Seeds, as a list or a range such as 1..64.", true));
  keys.push_back(Plain({.name = "trials",
                        .type = OptionType::kInteger,
                        .help = "Repetitions per cell, task and seed.",
                        .fallback = 1,
                        .minimum = 1,
                        .maximum = 1'000'000}));
  keys.push_back(Shaped(KeyShape::kSection, "environment", "The world, its tools and tasks.", true));
  keys.push_back(Shaped(KeyShape::kSection, "agent", "What answers the user and calls tools.", true));
  keys.push_back(Shaped(KeyShape::kSection, "attack", "What tries to mislead the agent; none when absent."));
  keys.push_back(Shaped(KeyShape::kSection, "defense", "What stands between agent and tools; none when absent."));
  keys.push_back(Shaped(KeyShape::kSection, "judge", "What decides whether the attack succeeded.", true));
  keys.push_back(Shaped(KeyShape::kDeclared, "goals", "What an attacker may want here, beside what is built in."));
  keys.push_back(
      Shaped(KeyShape::kDeclared, "tasks", "What users want here, in place of the environment's own tasks."));
  keys.push_back(Shaped(KeyShape::kDeclared, "effects", "What executed calls, or differences of the state, mean."));
  keys.push_back(Shaped(KeyShape::kDeclared, "vectors", "Where text of third parties enters."));
  keys.push_back(Shaped(KeyShape::kGrid, "grid", "Axes: a dotted path and the values it takes."));
  keys.push_back(Plain({.name = "controls",
                        .type = OptionType::kBool,
                        .help = "Adds the arms without attack and without defense.",
                        .fallback = false}));
  keys.push_back(Shaped(KeyShape::kLimits, "limits", "Bounds of the run and of one episode."));
  keys.push_back(Shaped(KeyShape::kModels, "models", "Providers and settings of the models, by role."));
  keys.push_back(
      Shaped(KeyShape::kPrices, "prices",
             "Prices by model name, {input: USD, output: USD} per million tokens, for models whose own section "
             "states none; before the list that the program carries."));
  keys.push_back(Plain({.name = "gates",
                        .type = OptionType::kStringList,
                        .help = "Conditions on the aggregate, e.g. asr.upper95 < 0.10.",
                        .fallback = Json::MakeArray()}));
  keys.push_back({KeyShape::kOption,
                  {.name = "transcripts", .help = "Which dialogues are kept.", .fallback = "failures"},
                  "^(all|failures|none|sample:[1-9][0-9]{0,8})$",
                  IsTranscriptPolicy,
                  "all, failures, none or sample:N with N from 1 to 999999999"});
  keys.push_back(Plain({.name = "unanswered",
                        .help = "What a reply of the agent's model is that is no answer (cut off, empty, filtered, a "
                                "call that was not parsed): an error of the trial, or as if nothing had been said.",
                        .fallback = "error",
                        .choices = {"error", "resisted"}}));
  return keys;
}

/// `whose`: "of the run", "of this role in the run".
std::vector<OptionSpec> MakeCallLimitKeys(std::string_view whose) {
  return {
      Count("max_calls", fmt::format("Model calls {}.", whose), 0),
      Count("max_prompt_tokens", fmt::format("Prompt tokens {}.", whose), 0),
      Count("max_completion_tokens", fmt::format("Completion tokens {}.", whose), 0),
      Count("max_total_tokens", fmt::format("Prompt and completion tokens {}.", whose), 0),
      Amount("max_cost_usd", fmt::format("Cost {} in US dollars.", whose)),
  };
}

std::vector<OptionSpec> MakeLimitKeys() {
  std::vector<OptionSpec> keys = MakeCallLimitKeys("of the run");
  keys.push_back(Amount("max_seconds", "Wall-clock seconds of the run."));
  keys.push_back(Amount("max_error_rate",
                        "Share of errors above which the verdict is INVALID; a REAL run stops once it is certain to "
                        "end above it.",
                        1));
  keys.push_back(EpisodeBound("max_turns", "Turns of one episode.", 30));
  keys.push_back(EpisodeBound("max_tool_calls", "Tool calls of one episode.", 100));
  keys.push_back(EpisodeBound("max_tool_errors", "Failed tool calls of one episode.", 10));
  return keys;
}

}  // namespace

const std::vector<KeySpec>& TopKeys() {
  static const std::vector<KeySpec> keys = MakeTopKeys();
  return keys;
}
const std::vector<OptionSpec>& LimitKeys() {
  static const std::vector<OptionSpec> keys = MakeLimitKeys();
  return keys;
}
const std::vector<OptionSpec>& RoleLimitKeys() {
  static const std::vector<OptionSpec> keys = MakeCallLimitKeys("of this role in the run");
  return keys;
}
std::string_view RoleLimitsHelp() {
  return "Bounds of each role's model calls; reaching one stops the whole run. Seconds and the error rate are bounded "
         "for the run only: they do not divide by role.";
}
const std::vector<std::string>& ModelRoles() {
  static const std::vector<std::string> roles = {"agent", "user", "attacker", "defense", "judge"};
  return roles;
}
const std::vector<std::string>& RoleSections() {
  static const std::vector<std::string> sections = {"environment", "agent", "attack", "defense", "judge"};
  return sections;
}
const std::vector<std::string>& AllSections() {
  static const std::vector<std::string> sections = [] {
    std::vector<std::string> all = RoleSections();
    for (const std::string& role : ModelRoles()) all.push_back("models." + role);
    return all;
  }();
  return sections;
}

const std::vector<PartSpec>& SpecsOf(std::string_view section, const PartSpecs& specs) {
  if (section == "environment") return specs.environments;
  if (section == "agent") return specs.agents;
  if (section == "attack") return specs.attacks;
  if (section == "defense") return specs.defenses;
  if (section == "judge") return specs.judges;
  return specs.providers;
}
std::string_view PartNoun(std::string_view section) { return section.starts_with("models.") ? "provider" : section; }
const PartSpec* FindSpec(const std::vector<PartSpec>& specs, std::string_view name) {
  const auto found = std::ranges::find(specs, name, &PartSpec::name);
  return found == specs.end() ? nullptr : &*found;
}
const OptionSpec* FindOption(const std::vector<OptionSpec>& options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &OptionSpec::name);
  return found == options.end() ? nullptr : &*found;
}
std::vector<std::string> NamesOf(const std::vector<PartSpec>& specs) {
  std::vector<std::string> names;
  names.reserve(specs.size());
  for (const PartSpec& spec : specs) names.push_back(spec.name);
  return names;
}
std::vector<std::string> NamesOf(const std::vector<OptionSpec>& options) {
  std::vector<std::string> names;
  names.reserve(options.size());
  for (const OptionSpec& option : options) names.push_back(option.name);
  return names;
}

bool ChangesTasks(std::string_view environment_option) {
  constexpr std::string_view kOptions[] = {"name", "tasks", "data", "split", "domain", "suite"};
  return std::ranges::find(kOptions, environment_option) != std::end(kOptions);
}

}  // namespace xsweep
