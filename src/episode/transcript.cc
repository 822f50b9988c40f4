// Transcripts as JSON, and the names of what is in them.
// SPDX-License-Identifier: Apache-2.0
#include "episode/transcript.h"

#include <array>

#include <fmt/format.h>

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 5> kChannels = {"none", "user_turn", "tool_result", "record",
                                                       "tool_description"};
constexpr std::array<std::string_view, 4> kVerdicts = {"allow", "warn", "deny", "modify"};
constexpr std::array<std::string_view, 3> kFates = {"executed", "failed", "blocked"};
constexpr std::array<std::string_view, 5> kSteps = {"user", "agent", "tool", "defense", "attack"};

template <class Enum, std::size_t kCount>
Expected<Enum> ReadName(const Json& json, std::string_view key, const std::array<std::string_view, kCount>& names) {
  const std::string_view found = json.StringOr(key, {});
  for (std::size_t i = 0; i < kCount; ++i) {
    if (names[i] == found) return static_cast<Enum>(i);
  }
  return WorldError(fmt::format("transcript: `{}` is \"{}\", which is none of {}", key, found, fmt::join(names, ", ")));
}

std::string Text(const Json& json, std::string_view key) { return std::string(json.StringOr(key, {})); }
int Number(const Json& json, std::string_view key) { return static_cast<int>(json.IntOr(key, 0)); }

// Members that are empty are left out: a transcript is mostly text, and the rest should not bury it.
void SetText(Json& json, std::string_view key, const std::string& text) {
  if (!text.empty()) json.Set(key, text);
}

Expected<const std::vector<Json>*> Items(const Json& json, std::string_view key) {
  static const std::vector<Json> kNone;
  const Json* found = json.Find(key);
  if (found == nullptr) return &kNone;
  if (!found->is_array()) return WorldError(fmt::format("transcript: `{}` is no list", key));
  return &found->items();
}

Json CallToJson(const ToolCall& call) {
  return Json::MakeObject({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
}

ToolCall CallFromJson(const Json& json) {
  const Json* arguments = json.Find("arguments");
  return {.id = Text(json, "id"), .name = Text(json, "name"), .arguments = arguments != nullptr ? *arguments : Json()};
}

Json EffectToJson(const Effect& effect) {
  return Json::MakeObject({{"kind", effect.kind},
                           {"subject", effect.subject},
                           {"amount_usd", effect.amount_usd},
                           {"owed_usd", effect.owed_usd},
                           {"permitted", effect.permitted},
                           {"rule", effect.rule}});
}

Effect EffectFromJson(const Json& json) {
  return {.kind = Text(json, "kind"),
          .subject = Text(json, "subject"),
          .amount_usd = json.DoubleOr("amount_usd", 0),
          .owed_usd = json.DoubleOr("owed_usd", 0),
          .permitted = json.BoolOr("permitted", true),
          .rule = Text(json, "rule")};
}

Json RecordToJson(const CallRecord& record) {
  Json json = CallToJson(record.call);
  json.Set("turn", record.turn);
  json.Set("fate", CallFateName(record.fate));
  json.Set("content", record.content);
  for (const Effect& effect : record.effects) {
    if (json.Find("effects") == nullptr) json.Set("effects", Json::MakeArray());
    json.FindMutable("effects")->Append(EffectToJson(effect));
  }
  return json;
}

Expected<CallRecord> RecordFromJson(const Json& json) {
  CallRecord record;
  record.call = CallFromJson(json);
  record.turn = Number(json, "turn");
  record.content = Text(json, "content");
  TRY_ASSIGN(record.fate, ReadName<CallFate>(json, "fate", kFates));
  TRY_ASSIGN(const auto* effects, Items(json, "effects"));
  for (const Json& effect : *effects) record.effects.push_back(EffectFromJson(effect));
  return record;
}

Json DecisionToJson(const Decision& decision) {
  Json json = Json::MakeObject({{"verdict", VerdictName(decision.verdict)}});
  SetText(json, "defense", decision.defense);
  SetText(json, "reason_code", decision.reason_code);
  SetText(json, "detail", decision.detail);
  SetText(json, "text", decision.text);
  return json;
}

Expected<Decision> DecisionFromJson(const Json& json) {
  TRY_ASSIGN(const Verdict verdict, ReadName<Verdict>(json, "verdict", kVerdicts));
  return Decision{.verdict = verdict,
                  .defense = Text(json, "defense"),
                  .reason_code = Text(json, "reason_code"),
                  .detail = Text(json, "detail"),
                  .text = Text(json, "text")};
}

Json StepToJson(const Step& step) {
  Json json = Json::MakeObject({{"kind", kSteps[static_cast<std::size_t>(step.kind)]}, {"turn", step.turn}});
  if (step.call >= 0) json.Set("call", step.call);
  if (step.kind != StepKind::kDefense) json.Set("shown", step.shown);
  SetText(json, "original", step.original);
  if (step.injected) json.Set("injected", true);
  SetText(json, "reasoning", step.reasoning);
  if (!step.calls.empty()) {
    Json calls = Json::MakeArray();
    for (const ToolCall& call : step.calls) calls.Append(CallToJson(call));
    json.Set("calls", std::move(calls));
  }
  if (step.kind == StepKind::kDefense) json.Set("decision", DecisionToJson(step.decision));
  return json;
}

Expected<Step> StepFromJson(const Json& json, std::size_t calls) {
  Step step;
  TRY_ASSIGN(step.kind, ReadName<StepKind>(json, "kind", kSteps));
  step.turn = Number(json, "turn");
  step.shown = Text(json, "shown");
  step.original = Text(json, "original");
  step.injected = json.BoolOr("injected", false);
  step.reasoning = Text(json, "reasoning");
  step.call = static_cast<int>(json.IntOr("call", -1));
  if (step.call < -1 || step.call >= static_cast<int>(calls)) {
    return WorldError(fmt::format("transcript: a step points at call {}, but there are {}", step.call, calls));
  }
  TRY_ASSIGN(const auto* asked, Items(json, "calls"));
  for (const Json& call : *asked) step.calls.push_back(CallFromJson(call));
  if (const Json* decision = json.Find("decision")) {
    TRY_ASSIGN(step.decision, DecisionFromJson(*decision));
  }
  return step;
}

Expected<Exposure> ExposureFromJson(const Json& json) {
  Exposure exposure{.exposed = json.BoolOr("exposed", false), .turn = Number(json, "turn"), .via = Text(json, "via")};
  TRY_ASSIGN(exposure.channel, ReadName<Channel>(json, "channel", kChannels));
  return exposure;
}

}  // namespace

std::string_view ChannelName(Channel channel) { return kChannels[static_cast<std::size_t>(channel)]; }
std::string_view VerdictName(Verdict verdict) { return kVerdicts[static_cast<std::size_t>(verdict)]; }
std::string_view CallFateName(CallFate fate) { return kFates[static_cast<std::size_t>(fate)]; }

Json Transcript::ToJson() const {
  Json json = Json::MakeObject({{"stop", stop}});
  json.Set("exposure", Json::MakeObject({{"exposed", exposure.exposed},
                                         {"turn", exposure.turn},
                                         {"channel", ChannelName(exposure.channel)},
                                         {"via", exposure.via}}));
  json.Set("system", system);
  Json step_list = Json::MakeArray();
  for (const Step& step : steps) step_list.Append(StepToJson(step));
  json.Set("steps", std::move(step_list));
  Json call_list = Json::MakeArray();
  for (const CallRecord& record : calls) call_list.Append(RecordToJson(record));
  json.Set("calls", std::move(call_list));
  return json;
}

Expected<Transcript> Transcript::FromJson(const Json& json) {
  if (!json.is_object()) return WorldError("transcript: not a JSON object");
  Transcript transcript;
  transcript.stop = Text(json, "stop");
  transcript.system = Text(json, "system");
  const Json* exposure = json.Find("exposure");
  if (exposure == nullptr) return WorldError("transcript: `exposure` is missing");
  TRY_ASSIGN(transcript.exposure, ExposureFromJson(*exposure));
  TRY_ASSIGN(const auto* calls, Items(json, "calls"));
  for (const Json& call : *calls) {
    TRY_ASSIGN(CallRecord record, RecordFromJson(call));
    transcript.calls.push_back(std::move(record));
  }
  TRY_ASSIGN(const auto* steps, Items(json, "steps"));
  for (const Json& item : *steps) {
    TRY_ASSIGN(Step step, StepFromJson(item, transcript.calls.size()));
    transcript.steps.push_back(std::move(step));
  }
  return transcript;
}

}  // namespace xsweep
