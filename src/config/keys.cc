// The keys of a config as tables.
// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "words/results.h"

namespace xsweep {
namespace {

bool IsExperimentName(std::string_view text) {
  if (text == layout::kLatest || text == layout::kIndex) return false;  // have a meaning of their own among results
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

/// "45 of 50", with no more right than there were.
bool IsShareOfLabels(std::string_view text) {
  const std::size_t of = text.find(" of ");
  if (of == std::string_view::npos) return false;
  const auto right = ParseUnsigned(text.substr(0, of)), labels = ParseUnsigned(text.substr(of + 4));
  return right && labels && *right <= *labels && *labels > 0 && *labels <= 1'000'000;
}

bool IsJudgeChecked(std::string_view text) {
  const std::size_t comma = text.find(", ");
  return text.empty() || (comma != std::string_view::npos && IsShareOfLabels(text.substr(0, comma)) &&
                          IsShareOfLabels(text.substr(comma + 2)));
}

KeySpec Shaped(KeyShape shape, std::string name, std::string help, bool required = false) {
  return {shape, {.name = std::move(name), .help = std::move(help), .required = required}, "", nullptr, ""};
}
KeySpec Plain(std::string_view name, std::string pattern = {}, bool (*matches)(std::string_view) = nullptr,
              std::string_view expectation = {}) {
  const Option<SweepConfig>* option = PlainKeys().Find(name);
  CHECK(option != nullptr, "a key of the config is not in its table");
  KeySpec key{KeyShape::kOption, option->spec, std::move(pattern), matches, expectation};
  if (!key.option.required) key.option.fallback = option->write(SweepConfig());
  return key;
}

std::string TranscriptsAsText(const TranscriptPolicy& policy) {
  switch (policy.kind) {
    case TranscriptPolicy::Kind::kAll: return "all";
    case TranscriptPolicy::Kind::kNone: return "none";
    case TranscriptPolicy::Kind::kSample: return fmt::format("sample:{}", policy.sample);
    default: return "failures";
  }
}

TranscriptPolicy ParseTranscripts(std::string_view text) {
  using Kind = TranscriptPolicy::Kind;
  if (text == "all") return {Kind::kAll, 0};
  if (text == "none") return {Kind::kNone, 0};
  if (text == "failures") return {Kind::kFailures, 0};
  return {Kind::kSample, static_cast<std::uint32_t>(*ParseUnsigned(text.substr(text.find(':') + 1)))};
}

std::vector<KeySpec> MakeTopKeys() {
  std::vector<KeySpec> keys;
  keys.push_back(Plain("exp", "^(?!(latest|index\\.csv)$)[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$", IsExperimentName,
                       "letters, digits, `_`, `-` and `.` (not first), at most 100 of them, and neither `latest` nor "
                       "`index.csv`"));
  keys.push_back(Plain("description"));
  keys.push_back(Plain("mode"));
  keys.push_back(Shaped(KeyShape::kSeeds, "seeds", "Seeds, as a list or a range such as 1..64.", true));
  keys.push_back(Plain("trials"));
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
  keys.push_back(Plain("controls"));
  keys.push_back(Shaped(KeyShape::kLimits, "limits", "Bounds of the run and of one episode."));
  keys.push_back(Shaped(KeyShape::kModels, "models", "Providers and settings of the models, by role."));
  keys.push_back(
      Shaped(KeyShape::kPrices, "prices",
             "Prices by model name, {input: USD, output: USD} per million tokens, for models whose own section "
             "states none; before the list that the program carries."));
  keys.push_back(Plain("gates"));
  keys.push_back(Plain("transcripts", "^(all|failures|none|sample:[1-9][0-9]{0,8})$", IsTranscriptPolicy,
                       "all, failures, none or sample:N with N from 1 to 999999999"));
  keys.push_back(Plain("unanswered"));
  keys.push_back(Plain("judge_checked", "^([0-9]+ of [1-9][0-9]*, [0-9]+ of [1-9][0-9]*)?$", IsJudgeChecked,
                       "e.g. `45 of 50, 190 of 200`: right in 45 of 50 successes and in 190 of 200 failures"));
  return keys;
}

constexpr Bounds kCount{.minimum = 0, .maximum = 9e15};
constexpr Bounds kOfEpisode{.minimum = 1, .maximum = 1'000'000};

/// `whose`: "of the run", "of this role in the run".
Options<CallLimits> MakeCallLimitKeys(std::string_view whose) {
  static_assert(xsweep::kCount<CallLimit> == 5, "every limit is an option below");
  const auto bound = [&]<class Member>(CallLimit limit, Member member, std::string_view help, const Bounds& bounds) {
    return Opt(std::string(NameOf(limit)), member, fmt::format(fmt::runtime(help), whose), bounds);
  };
  return {bound(CallLimit::kCalls, &CallLimits::max_calls, "Model calls {}.", kCount),
          bound(CallLimit::kPromptTokens, &CallLimits::max_prompt_tokens, "Prompt tokens {}.", kCount),
          bound(CallLimit::kCompletionTokens, &CallLimits::max_completion_tokens, "Completion tokens {}.", kCount),
          bound(CallLimit::kTotalTokens, &CallLimits::max_total_tokens, "Prompt and completion tokens {}.", kCount),
          bound(CallLimit::kCost, &CallLimits::max_cost_usd, "Cost {} in US dollars.", {.minimum = 0})};
}

}  // namespace

const Options<SweepConfig>& PlainKeys() {
  static const Options<SweepConfig> keys = {
      Opt("exp", &SweepConfig::exp, "Name of the experiment; runs are kept under it.", {.required = true}),
      Opt("description", &SweepConfig::description, "What the experiment is for."),
      Opt("mode", &SweepConfig::mode, "SHIM simulates the agent; REAL calls the configured models."),
      Opt("trials", &SweepConfig::trials, "Repetitions per cell, task and seed.", {.minimum = 1, .maximum = 1'000'000}),
      Opt("controls", &SweepConfig::controls, "Adds the arms without attack and without defense."),
      Opt("gates", &SweepConfig::gates, "Conditions on the aggregate, e.g. asr.upper95 < 0.10."),
      {.spec = {.name = "transcripts", .help = "Which dialogues are kept."},
       .write = [](const SweepConfig& config) { return Json(TranscriptsAsText(config.transcripts)); },
       .read = [](const Json& given, SweepConfig& config) { config.transcripts = ParseTranscripts(given.AsString()); }},
      Opt("judge_checked", &SweepConfig::judge_checked,
          "How often the judge was right where people knew, checked elsewhere: of successes, then of failures. Rates "
          "are shown corrected as well."),
      {.spec = {.name = "unanswered",
                .help = "What a reply of the agent's model is that is no answer (cut off, empty, filtered, a call that "
                        "was not parsed): an error of the trial, or as if nothing had been said.",
                .choices = {"error", "resisted"}},
       .write = [](const SweepConfig& config) { return Json(config.unanswered_resists ? "resisted" : "error"); },
       .read = [](const Json& given,
                  SweepConfig& config) { config.unanswered_resists = given.AsString() == "resisted"; }}};
  return keys;
}

const std::vector<KeySpec>& TopKeys() {
  static const std::vector<KeySpec> keys = MakeTopKeys();
  return keys;
}
const Options<CallLimits>& RoleLimitKeys() {
  static const Options<CallLimits> keys = MakeCallLimitKeys("of this role in the run");
  return keys;
}
const Options<Limits>& LimitKeys() {
  static const Options<Limits> keys(
      MakeCallLimitKeys("of the run"),
      {Opt("max_seconds", &Limits::max_seconds, "Wall-clock seconds of the run.", {.minimum = 0}),
       Opt("max_error_rate", &Limits::max_error_rate,
           "Share of errors above which the verdict is INVALID; a REAL run stops once it is certain to end above it.",
           {.minimum = 0, .maximum = 1}),
       Opt("max_turns", &Limits::max_turns, "Turns of one episode.", kOfEpisode),
       Opt("max_tool_calls", &Limits::max_tool_calls, "Tool calls of one episode.", kOfEpisode),
       Opt("max_tool_errors", &Limits::max_tool_errors, "Failed tool calls of one episode.", kOfEpisode)});
  return keys;
}
std::string_view RoleLimitsHelp() {
  return "Bounds of each role's model calls; reaching one stops the whole run. Seconds and the error rate are bounded "
         "for the run only: they do not divide by role.";
}
const std::vector<std::string>& ModelRoles() {
  static const std::vector<std::string> roles(kWords<Role>.begin(), kWords<Role>.end());
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
bool ChangesTasks(std::string_view environment_option) {
  constexpr std::string_view kOptions[] = {"name", "tasks", "data", "split", "domain", "suite"};
  return std::ranges::find(kOptions, environment_option) != std::end(kOptions);
}

}  // namespace xsweep
