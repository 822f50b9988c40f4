// Transcripts as JSON, and the names of what is in them.
// SPDX-License-Identifier: Apache-2.0
#include "episode/transcript.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace xsweep {
namespace {

template <Worded Enum>
Expected<Enum> ReadName(const Json& json, std::string_view key) {
  const std::string_view found = json.StringOr(key, {});
  if (const auto value = Parse<Enum>(found)) return *value;
  return WorldError(fmt::format("transcript: `{}` is \"{}\", which is none of {}", key, found, WordsOf<Enum>()));
}

std::string Text(const Json& json, std::string_view key) { return std::string(json.StringOr(key, {})); }
int Number(const Json& json, std::string_view key) { return static_cast<int>(json.IntOr(key, 0)); }

/// Writes one JSON object, member by member. Keys are ours and need no escapes.
/// Text in one go rather than a tree of Json that is dumped: keeping every transcript must not slow a run down.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  /// Starts a member; its value is what is appended next.
  std::string& Key(std::string_view key) {
    out_ += std::exchange(first_, false) ? "\"" : ",\"";
    return out_.append(key).append("\":");
  }
  void Text(std::string_view key, std::string_view text) { AppendJsonString(text, Key(key)); }
  // A transcript is mostly text; members that are empty are left out, so that they do not bury it.
  void TextIfAny(std::string_view key, std::string_view text) {
    if (!text.empty()) Text(key, text);
  }
  void Number(std::string_view key, int number) { Json(number).AppendTo(Key(key)); }
  void Flag(std::string_view key, bool flag) { Key(key) += flag ? "true" : "false"; }
  template <class T>
  void List(std::string_view key, const std::vector<T>& items, void (*append)(const T&, std::string&)) {
    Key(key) += '[';
    for (const T& item : items) {
      if (&item != items.data()) out_ += ',';
      append(item, out_);
    }
    out_ += ']';
  }
  void Close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

Expected<const std::vector<Json>*> Items(const Json& json, std::string_view key) {
  static const std::vector<Json> kNone;
  const Json* found = json.Find(key);
  if (found == nullptr) return &kNone;
  if (!found->is_array()) return WorldError(fmt::format("transcript: `{}` is no list", key));
  return &found->items();
}

void WriteCall(const ToolCall& call, ObjectWriter& object) {
  object.Text("id", call.id);
  object.Text("name", call.name);
  call.arguments.AppendTo(object.Key("arguments"));
}

void AppendCall(const ToolCall& call, std::string& out) {
  ObjectWriter object(out);
  WriteCall(call, object);
  object.Close();
}

ToolCall CallFromJson(const Json& json) {
  const Json* arguments = json.Find("arguments");
  return {.id = Text(json, "id"), .name = Text(json, "name"), .arguments = arguments != nullptr ? *arguments : Json()};
}

void AppendEffect(const Effect& effect, std::string& out) {
  ObjectWriter object(out);
  object.Text("kind", effect.kind);
  object.Text("subject", effect.subject);
  AppendJsonDouble(effect.amount_usd, object.Key("amount_usd"));
  AppendJsonDouble(effect.owed_usd, object.Key("owed_usd"));
  object.Flag("permitted", effect.permitted);
  object.Text("rule", effect.rule);
  object.Close();
}

Effect EffectFromJson(const Json& json) {
  return {.kind = Text(json, "kind"),
          .subject = Text(json, "subject"),
          .amount_usd = json.DoubleOr("amount_usd", 0),
          .owed_usd = json.DoubleOr("owed_usd", 0),
          .permitted = json.BoolOr("permitted", true),
          .rule = Text(json, "rule")};
}

void AppendNote(const std::string& note, std::string& out) { AppendJsonString(note, out); }

void AppendRecord(const CallRecord& record, std::string& out) {
  ObjectWriter object(out);
  WriteCall(record.call, object);
  object.Number("turn", record.turn);
  object.Text("fate", NameOf(record.fate));
  object.Text("content", record.content);
  if (!record.effects.empty()) object.List("effects", record.effects, AppendEffect);
  object.Close();
}

Expected<CallRecord> RecordFromJson(const Json& json) {
  CallRecord record;
  record.call = CallFromJson(json);
  record.turn = Number(json, "turn");
  record.content = Text(json, "content");
  TRY_ASSIGN(record.fate, ReadName<CallFate>(json, "fate"));
  TRY_ASSIGN(const auto* effects, Items(json, "effects"));
  for (const Json& effect : *effects) record.effects.push_back(EffectFromJson(effect));
  return record;
}

void AppendDecision(const Decision& decision, std::string& out) {
  ObjectWriter object(out);
  object.Text("verdict", NameOf(decision.ruling));
  object.TextIfAny("defense", decision.defense);
  object.TextIfAny("reason_code", decision.reason_code);
  object.TextIfAny("detail", decision.detail);
  object.TextIfAny("text", decision.text);
  object.Close();
}

Expected<Decision> DecisionFromJson(const Json& json) {
  TRY_ASSIGN(const Ruling ruling, ReadName<Ruling>(json, "verdict"));
  return Decision{.ruling = ruling,
                  .defense = Text(json, "defense"),
                  .reason_code = Text(json, "reason_code"),
                  .detail = Text(json, "detail"),
                  .text = Text(json, "text")};
}

void AppendStep(const Step& step, std::string& out) {
  ObjectWriter object(out);
  object.Text("kind", NameOf(step.kind));
  object.Number("turn", step.turn);
  if (step.call >= 0) object.Number("call", step.call);
  // A decision shows the agent nothing: what it made of a text is shown by the step after it.
  if (step.kind != StepKind::kDefense) object.Text("shown", step.shown);
  object.TextIfAny("original", step.original);
  if (step.injected) object.Flag("injected", true);
  object.TextIfAny("reasoning", step.reasoning);
  if (!step.calls.empty()) object.List("calls", step.calls, AppendCall);
  if (step.kind == StepKind::kDefense) AppendDecision(step.decision, object.Key("decision"));
  object.Close();
}

void AppendExposure(const Exposure& exposure, std::string& out) {
  ObjectWriter object(out);
  object.Flag("exposed", exposure.exposed);
  object.Number("turn", exposure.turn);
  object.Text("channel", NameOf(exposure.channel));
  object.Text("via", exposure.via);
  // Of the others `exposed` says it already, and reading takes it from there.
  const bool touched = exposure.delivery == Delivery::kRemoved || exposure.delivery == Delivery::kAltered;
  if (touched) object.Text("delivery", NameOf(exposure.delivery));
  object.Close();
}

Expected<Step> StepFromJson(const Json& json, std::size_t calls) {
  Step step;
  TRY_ASSIGN(step.kind, ReadName<StepKind>(json, "kind"));
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
  TRY_ASSIGN(exposure.channel, ReadName<Channel>(json, "channel"));
  // Transcripts from before this was told apart know only what came through as it was.
  exposure.delivery =
      Parse<Delivery>(json.StringOr("delivery", "")).value_or(exposure.exposed ? Delivery::kIntact : Delivery::kNone);
  return exposure;
}

}  // namespace

void Transcript::AppendTo(std::string& out, std::string_view more) const {
  ObjectWriter object(out);
  object.Text("stop", NameOf(stop));
  AppendExposure(exposure, object.Key("exposure"));
  object.List("steps", steps, AppendStep);
  object.List("calls", calls, AppendRecord);
  if (!end_effects.empty()) object.List("end_effects", end_effects, AppendEffect);
  if (!notes.empty()) object.List("notes", notes, AppendNote);
  if (!more.empty()) out.append(",").append(more);
  object.Text("system", system);
  object.Close();
}

Json Transcript::ToJson() const {
  std::string text;
  AppendTo(text);
  // By way of the text, so that there is one writer and the two forms cannot differ.
  auto json = Json::Parse(text, "transcript");
  CHECK(json.has_value(), "a transcript was not written as JSON");
  return std::move(*json);
}

Expected<Transcript> Transcript::FromJson(const Json& json) {
  if (!json.is_object()) return WorldError("transcript: not a JSON object");
  Transcript transcript;
  // Leniently: how a dialogue ended is no ground to lose what was said in it.
  transcript.stop = Parse<Stop>(json.StringOr("stop", "")).value_or(Stop::kNone);
  transcript.system = Text(json, "system");
  const Json* exposure = json.Find("exposure");
  if (exposure == nullptr) return WorldError("transcript: `exposure` is missing");
  TRY_ASSIGN(transcript.exposure, ExposureFromJson(*exposure));
  // Before the steps, which point at calls: one that points at none is refused as it is read.
  TRY_ASSIGN(const auto* calls, Items(json, "calls"));
  for (const Json& call : *calls) {
    TRY_ASSIGN(CallRecord record, RecordFromJson(call));
    transcript.calls.push_back(std::move(record));
  }
  TRY_ASSIGN(const auto* effects, Items(json, "end_effects"));
  for (const Json& effect : *effects) transcript.end_effects.push_back(EffectFromJson(effect));
  TRY_ASSIGN(const auto* notes, Items(json, "notes"));
  for (const Json& note : *notes) transcript.notes.emplace_back(note.is_string() ? note.AsString() : note.Dump());
  TRY_ASSIGN(const auto* steps, Items(json, "steps"));
  for (const Json& item : *steps) {
    TRY_ASSIGN(Step step, StepFromJson(item, transcript.calls.size()));
    transcript.steps.push_back(std::move(step));
  }
  return transcript;
}

}  // namespace xsweep
