// Injection: one text through one channel.
// SPDX-License-Identifier: Apache-2.0
#include "parts/attacks/injection.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "base/hash.h"
#include "episode/rug_pull.h"
#include "parts/shared/splice.h"
#include "python/json_text.h"

namespace xsweep {
namespace {

// The child that a step of a path names, or nullptr.
Json* Child(Json& parent, std::string_view step) {
  if (parent.is_object()) {
    if (step != "*") return parent.FindMutable(step);
    return parent.size() > 0 ? &parent.MutableMembers().front().second : nullptr;
  }
  if (!parent.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (step != "*" && (code != std::errc() || end != step.data() + step.size())) return nullptr;
  return index < parent.size() ? &parent.MutableItem(index) : nullptr;
}

// The place that `path` names, made when only its last name is missing; nullptr when there is no such place.
Json* Locate(Json& root, std::string_view path) {
  Json* at = &root;
  while (at != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string_view step = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    Json* child = Child(*at, step);
    if (child == nullptr && path.empty() && at->is_object() && step != "*") child = &at->Set(step, Json());
    at = child;
  }
  return at;
}

// A result with a gap where the text goes. Trials of one task read the same results, so gaps are remembered per thread.
struct Gap {
  std::string before;
  std::string after;
};

std::optional<Gap> OpenGap(const std::string& content, std::string_view path, bool replace) {
  // U+E001 is private use; a record that holds it is not poisoned rather than poisoned in the wrong place.
  static constexpr std::string_view kMarker = "\xEE\x80\x81";
  static constexpr std::string_view kPrinted = "\\ue001";
  Expected<Json> record = Json::Parse(content);
  if (!record || (!record->is_object() && !record->is_array()) || path.empty()) return std::nullopt;
  Json* field = Locate(*record, path);
  if (field == nullptr) return std::nullopt;
  const bool keeps = !replace && field->is_string() && !field->AsString().empty();
  *field = Json(keeps ? field->AsString() + ' ' + std::string(kMarker) : std::string(kMarker));
  const std::string printed = DumpLikePython(*record);
  const std::size_t at = printed.find(kPrinted);
  if (at != printed.rfind(kPrinted)) return std::nullopt;
  return Gap{.before = printed.substr(0, at), .after = printed.substr(at + kPrinted.size())};
}

struct InjectionPlan {
  InjectionSettings settings;
  Channel channel = Channel::kUserTurn;
  bool replace = false;
  std::string text;  // with placeholders
};

class Injection : public Attack, public ChangesTools {
 public:
  Injection(Shared<InjectionPlan> plan, const TrialContext& context)
      : plan_(std::move(plan)), settings_(plan_->settings), text_(FillPayload(plan_->text, context)) {
    for (const Vector& vector : context.environment.vectors()) {
      if (Names(vector.name)) vectors_.push_back(vector);
    }
  }

  Channel channel() const override { return plan_->channel; }
  bool replaces_user() const override { return plan_->channel == Channel::kUserTurn && plan_->replace; }
  std::string payload() const override { return plan_->text; }

  Async<Expected<Spoken>> Speak(UserTurn said, const Conversation& conversation) override {
    Spoken spoken;
    spoken.turn = std::move(said);
    const bool now = plan_->channel == Channel::kUserTurn && conversation.turn + 1 == settings_.turn && !text_.empty();
    if (replaces_user()) {
      spoken.turn = {.text = now ? text_ : std::string(), .stop = !now};
    } else if (now && !spoken.turn.stop) {
      spoken.turn.text += spoken.turn.text.empty() ? text_ : "\n\n" + text_;
    }
    if (now && !spoken.turn.stop) spoken.inserted = text_;
    return Expected<Spoken>(std::move(spoken));
  }

  std::vector<Planting> Plantings() const override {
    std::vector<Planting> plantings;
    if (text_.empty()) return plantings;
    for (const Vector& vector : vectors_) {
      if (vector.planted) plantings.push_back({.vector = Names("*") ? "*" : vector.name, .text = text_});
      if (vector.planted && Names("*")) break;
    }
    return plantings;
  }

  std::string PoisonResult(const ToolCall& call, ToolOutcome& outcome) override {
    if (plan_->channel == Channel::kToolDescription) CountRead(call, outcome);
    if (settings_.vectors) return PoisonVectors(call, outcome);
    const bool mine = plan_->channel == Channel::kToolResult || plan_->channel == Channel::kRecord;
    if (!mine || text_.empty() || (!settings_.tool.empty() && settings_.tool != call.name)) return {};
    if (outcome.error || reads_++ < settings_.skip_reads) return {};
    if (plan_->channel == Channel::kRecord) {
      const bool in_data = SpliceData(outcome.structured, PointerOf(settings_.field), text_, plan_->replace);
      return SetField(outcome.content, settings_.field, text_, plan_->replace) || in_data ? text_ : std::string();
    }
    SpliceResult(outcome.content, outcome.structured, {}, text_, plan_->replace);
    return text_;
  }

  bool tools_due() const override {
    const bool mine = plan_->channel == Channel::kToolDescription && !text_.empty();
    return mine && !tools_poisoned_ && reads_ >= settings_.skip_reads;
  }
  std::string PoisonTools(std::vector<ToolSchema>& tools) override {
    if (plan_->channel != Channel::kToolDescription || text_.empty() || reads_ < settings_.skip_reads) return {};
    tools_poisoned_ = true;
    for (ToolSchema& tool : tools) {
      if (!settings_.tool.empty() && settings_.tool != tool.name) continue;
      tool.description = plan_->replace ? text_ : tool.description + '\n' + text_;
      return text_;
    }
    return {};
  }

 private:
  void CountRead(const ToolCall& call, const ToolOutcome& outcome) {
    const bool mine = settings_.tool.empty() || settings_.tool == call.name;
    if (mine && !outcome.error) ++reads_;
  }

  bool Names(std::string_view vector) const {
    return settings_.vectors && std::ranges::any_of(*settings_.vectors, [&](const std::string& name) {
             return name == "*" || name == vector;
           });
  }

  std::string PoisonVectors(const ToolCall& call, ToolOutcome& outcome) {
    if (text_.empty() || outcome.error) return {};
    const auto here = [&](const Vector& vector) { return !vector.planted && vector.tool == call.name; };
    if (!std::ranges::any_of(vectors_, here) || reads_++ < settings_.skip_reads) return {};
    bool inserted = false;
    for (const Vector& vector : vectors_) {
      if (!here(vector)) continue;
      inserted |= SpliceResult(outcome.content, outcome.structured, vector.pointer, text_, vector.replace);
    }
    return inserted ? text_ : std::string();
  }

  static std::string PointerOf(std::string_view path) {
    std::string pointer = "/";
    for (const char next : path) pointer += next == '.' ? '/' : next;
    return pointer;
  }

  const Shared<InjectionPlan> plan_;
  const InjectionSettings& settings_;  // of plan_
  const std::string text_;
  std::vector<Vector> vectors_;  // those of the environment that the settings name
  int reads_ = 0;
  bool tools_poisoned_ = false;
};

Channel ParseChannel(std::string_view name) {
  for (const Channel channel : {Channel::kUserTurn, Channel::kToolResult, Channel::kRecord}) {
    if (NameOf(channel) == name) return channel;
  }
  return Channel::kToolDescription;
}

}  // namespace

bool SetField(std::string& content, std::string_view path, std::string_view text, bool replace) {
  const std::uint64_t key = Hash64(content, Hash64(path, replace ? 1 : 0));
  thread_local std::unordered_map<std::uint64_t, std::optional<Gap>> known;
  auto found = known.find(key);
  if (found == known.end()) {
    if (known.size() >= 1024) known.clear();
    found = known.emplace(key, OpenGap(content, path, replace)).first;
  }
  const std::optional<Gap>& gap = found->second;
  if (!gap) return false;
  content = gap->before;
  AppendAsciiEscaped(text, content);
  content += gap->after;
  return true;
}

Expected<AttackPlan> MakeInjection(const InjectionSettings& settings, std::string text) {
  const InjectionPlan plan{.settings = settings,
                           .channel = settings.vectors ? Channel::kRecord : ParseChannel(settings.channel),
                           .replace = settings.position == "replace",
                           .text = std::move(text)};
  if (plan.channel == Channel::kUserTurn && plan.replace && settings.turn != 1) {
    return UserError("an attack that speaks instead of the user starts on turn 1; set `position: append` or `turn: 1`");
  }
  if (plan.channel == Channel::kRecord && settings.field.empty()) {
    return UserError("the channel `record` needs a `field`");
  }
  const auto shared = std::make_shared<const InjectionPlan>(plan);
  return AttackPlan{
      .goal = ReadGoal(settings),
      .none = false,
      .make = [shared](const TrialContext& context) { return std::make_unique<Injection>(shared, context); },
      .literal = !NamesGoal(shared->text),
      .vectors = settings.vectors.value_or(std::vector<std::string>())};
}

}  // namespace xsweep
