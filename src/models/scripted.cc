// The scripted model: rules in data, answered at once; a provider like any other, with no key and no network.
// SPDX-License-Identifier: Apache-2.0
#include "models/scripted.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/replies/answer.h"

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 4> kSpeakers = {"system", "user", "agent", "tool"};
constexpr std::array<std::string_view, 10> kKeys = {"role",  "turn",          "speaker", "contains",  "text",
                                                    "calls", "finish_reason", "error",   "reasoning", "refusal"};

struct Rule {
  std::optional<std::string> role{};
  std::optional<std::int64_t> turn{};
  std::optional<Speaker> speaker{};
  std::vector<std::string> contains{};
  ModelReply reply{};
  std::optional<std::string> error{};
};

struct RuleReader {
  const Json& json;
  std::string where;
  Rule rule{};

  std::unexpected<Error> Fault(std::string_view what) const { return UserError(std::string(what), where); }

  Status ReadCondition() {
    if (const Json* role = json.Find("role")) {
      if (!role->is_string()) return Fault("`role` is the name of a role, e.g. agent");
      rule.role = role->AsString();
    }
    if (const Json* turn = json.Find("turn")) {
      if (!turn->is_int()) return Fault("`turn` is a whole number, from 0");
      rule.turn = turn->AsInt();
    }
    if (json.Find("speaker") != nullptr) {
      const auto found = std::ranges::find(kSpeakers, json.StringOr("speaker", ""));
      if (found == kSpeakers.end()) return Fault("`speaker` is user, agent, tool or system");
      rule.speaker = static_cast<Speaker>(found - kSpeakers.begin());
    }
    return ReadContains();
  }

  Status ReadContains() {
    const Json* contains = json.Find("contains");
    if (contains == nullptr) return {};
    const auto texts = contains->is_array() ? contains->items() : std::vector<Json>{*contains};
    for (const Json& text : texts) {
      if (!text.is_string()) return Fault("`contains` is a text or a list of texts");
      rule.contains.push_back(text.AsString());
    }
    return {};
  }

  Status ReadAnswer() {
    for (const std::string_view key : {"text", "finish_reason", "error", "reasoning", "refusal"}) {
      const Json* value = json.Find(key);
      if (value != nullptr && !value->is_string()) return Fault(fmt::format("`{}` is a text", key));
    }
    rule.reply.text = json.StringOr("text", "");
    rule.reply.reasoning = json.StringOr("reasoning", "");
    rule.reply.refusal = json.StringOr("refusal", "");
    if (json.Find("error") != nullptr) rule.error = json.StringOr("error", "");
    const Json* calls = json.Find("calls");
    if (calls != nullptr && !calls->is_array()) return Fault("`calls` is a list");
    for (std::size_t i = 0; calls != nullptr && i < calls->size(); ++i) {
      const Json& call = calls->items()[i];
      const Json* arguments = call.Find("arguments");
      if (call.StringOr("name", "").empty()) return Fault("a call needs a `name`");
      if (arguments != nullptr && arguments->is_null()) return Fault("`arguments` is a mapping");
      rule.reply.calls.push_back(
          {"", std::string(call.StringOr("name", "")), arguments == nullptr ? Json::MakeObject() : *arguments});
    }
    rule.reply.finish_reason = json.StringOr("finish_reason", rule.reply.calls.empty() ? "stop" : "tool_calls");
    return {};
  }

  Expected<Rule> Read() {
    if (!json.is_object()) return Fault("a rule is a mapping");
    for (const auto& [key, value] : json.members()) {
      if (std::ranges::find(kKeys, key) == kKeys.end()) return Fault(fmt::format("a rule has no `{}`", key));
    }
    TRY(ReadCondition());
    TRY(ReadAnswer());
    return std::move(rule);
  }
};

class ScriptedModel final : public Model {
 public:
  ScriptedModel(std::string name, std::vector<Rule> rules, std::string fallback, std::optional<Price> price)
      : name_(std::move(name)), rules_(std::move(rules)), fallback_(std::move(fallback)), price_(price) {}

  std::string_view name() const override { return name_; }

  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override {
    const auto rule = std::ranges::find_if(rules_, [&](const Rule& candidate) { return Matches(candidate, request); });
    if (rule != rules_.end() && rule->error) co_return EpisodeError(*rule->error, name_);
    ModelReply reply;
    if (rule != rules_.end()) {
      reply = rule->reply;
    } else {
      reply.text = fallback_;
      reply.finish_reason = "stop";
    }
    reply.usage = Count(request, reply);
    reply.finish = ReadFinish(reply.finish_reason);
    TakeThought(reply);
    SettleReply(request, false, reply);
    co_return reply;
  }

 private:
  static bool Matches(const Rule& rule, const ModelRequest& request) {
    static const Message kNone = [] {
      Message none;
      none.speaker = Speaker::kSystem;
      return none;
    }();
    const Message& last = request.messages.empty() ? kNone : request.messages.back();
    if (rule.role && *rule.role != NameOf(request.identity.role)) return false;
    if (rule.turn && *rule.turn != static_cast<std::int64_t>(request.identity.turn)) return false;
    if (rule.speaker && *rule.speaker != last.speaker) return false;
    return std::ranges::all_of(rule.contains,
                               [&](const std::string& text) { return last.text.find(text) != std::string::npos; });
  }

  Usage Count(const ModelRequest& request, const ModelReply& reply) const {
    std::size_t asked = request.system->size();
    for (const Message& message : request.messages) asked += message.text.size();
    std::size_t said = reply.text.size();
    for (const ToolCall& call : reply.calls) said += call.name.size() + call.arguments.Dump().size();
    Usage usage;
    usage.calls = 1;
    usage.prompt_tokens = static_cast<std::int64_t>(asked + 3) / 4;
    usage.completion_tokens = static_cast<std::int64_t>(said + 3) / 4;
    usage.cost_known = price_.has_value();
    if (price_) usage.cost_nano_usd = price_->CostNanoUsd(usage.prompt_tokens, usage.completion_tokens);
    return usage;
  }

  const std::string name_;
  const std::vector<Rule> rules_;
  const std::string fallback_;
  const std::optional<Price> price_;
};

}  // namespace

Expected<std::unique_ptr<Model>> MakeScriptedModel(std::string name, const Json& rules, std::string fallback,
                                                   std::optional<Price> price) {
  std::vector<Rule> read;
  if (!rules.is_null() && !rules.is_array()) return UserError("`rules` is a list of rules", "provider scripted");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    RuleReader reader{rules.items()[i], fmt::format("provider scripted, rule {}", i + 1)};
    TRY_ASSIGN(Rule rule, reader.Read());
    read.push_back(std::move(rule));
  }
  return std::make_unique<ScriptedModel>(std::move(name), std::move(read), std::move(fallback), price);
}

}  // namespace xsweep
