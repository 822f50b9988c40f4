// tool_policy: rules over tools and arguments, before a call and after it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "episode/kept_results.h"
#include "parts/defenses/defenses.h"
#include "parts/shared/pattern.h"
#include "parts/shared/predicate.h"

namespace xsweep {
namespace {

enum class Action { kAllow, kWarn, kDeny, kRequireApproval };
enum class Approver { kNobody, kEverybody, kUser };

// The first rule that matches a call decides; an `after` rule looks at the result as well.
struct Rule {
  CallPredicate predicate;
  Action action = Action::kDeny;
  std::string reason_code;
  bool after = false;
  std::vector<Pattern> result;  // of an `after` rule: one must be found in the result; none means any result
};

struct Policy {
  std::vector<Rule> rules;
  Action otherwise = Action::kAllow;
  Approver approver = Approver::kNobody;
};

// A user approves by saying so in the last turn.
bool UserSaysYes(const Conversation& conversation) {
  static const Pattern yes = Pattern::Compile("(^|[^a-z])(yes|confirm|go ahead|i agree|proceed)").value();
  for (auto message = conversation.messages.rbegin(); message != conversation.messages.rend(); ++message) {
    if (message->speaker == Speaker::kUser) return yes.Found(message->text);
  }
  return false;
}

class ToolPolicy : public Defense, public LeavesResults {
 public:
  explicit ToolPolicy(Shared<Policy> policy) : policy_(std::move(policy)) {}

  Async<Expected<Decisions>> BeforeCall(const ToolCall& call, const Conversation& conversation) override {
    for (const Rule& rule : policy_->rules) {
      if (!rule.after && rule.predicate.Matches(call)) {
        return Expected<Decisions>(Decide(rule.action, rule.reason_code, conversation));
      }
    }
    return Expected<Decisions>(Decide(policy_->otherwise, "not_listed", conversation));
  }

  Async<Expected<Decisions>> AfterCall(const ToolCall& call, const std::string& content,
                                       const Conversation& conversation) override {
    for (const Rule& rule : policy_->rules) {
      if (!rule.after || !rule.predicate.Matches(call)) continue;
      const auto found = [&](const Pattern& pattern) { return pattern.Found(content); };
      if (!rule.result.empty() && std::ranges::none_of(rule.result, found)) continue;
      return Expected<Decisions>(Decide(rule.action, rule.reason_code, conversation));
    }
    return Expected<Decisions>();
  }

 private:
  Decisions Decide(Action action, const std::string& reason_code, const Conversation& conversation) const {
    if (action == Action::kAllow) return {};
    if (action == Action::kWarn) return Say(Ruling::kWarn, reason_code, {});
    if (action == Action::kDeny) return Say(Ruling::kDeny, reason_code, {});
    const bool approved = policy_->approver == Approver::kEverybody ||
                          (policy_->approver == Approver::kUser && UserSaysYes(conversation));
    return Say(approved ? Ruling::kWarn : Ruling::kDeny, reason_code, approved ? "approved" : "not approved");
  }

  static Decisions Say(Ruling ruling, const std::string& reason_code, std::string detail) {
    return {{.ruling = ruling, .defense = "tool_policy", .reason_code = reason_code, .detail = std::move(detail)}};
  }

  const Shared<Policy> policy_;
};

constexpr std::array<std::string_view, 4> kActions = {"allow", "warn", "deny", "require_approval"};

Expected<Action> ReadAction(std::string_view name) {
  const auto found = std::ranges::find(kActions, name);
  if (found == kActions.end()) {
    return UserError(fmt::format("`action` is \"{}\", which is none of allow, warn, deny, require_approval", name),
                     "defense tool_policy");
  }
  return static_cast<Action>(found - kActions.begin());
}

Expected<Rule> ReadRule(const Json& mapping) {
  Rule rule;
  TRY_ASSIGN(rule.predicate, ReadPredicate(mapping, "defense tool_policy"));
  TRY_ASSIGN(rule.action, ReadAction(mapping.StringOr("action", "deny")));
  const std::string_view phase = mapping.StringOr("phase", "before");
  if (phase != "before" && phase != "after") {
    return UserError(fmt::format("`phase` is \"{}\", which is none of before, after", phase), "defense tool_policy");
  }
  rule.after = phase == "after";
  rule.reason_code = mapping.StringOr("reason_code", rule.predicate.tool);
  if (const std::string_view pattern = mapping.StringOr("result", {}); !pattern.empty()) {
    TRY_ASSIGN(rule.result, CompileAll({std::string(pattern)}));
  }
  static constexpr std::array<std::string_view, 6> kKeys = {"tool",  "where",       "action",
                                                            "phase", "reason_code", "result"};
  for (const auto& [key, value] : mapping.members()) {
    if (std::ranges::find(kKeys, key) == kKeys.end()) {
      return UserError(fmt::format("unknown key `{}` in a rule", key), "defense tool_policy");
    }
  }
  return rule;
}

struct PolicySettings {
  Json rules = Json::MakeArray();
  std::string otherwise = "allow";
  std::string approver = "nobody";
};

const Options<PolicySettings> kPolicyOptions = {
    Opt("rules", &PolicySettings::rules,
        "Each {tool: glob, where: [{argument, op, value}], action, reason_code, phase: before or after, result: "
        "pattern}.",
        {.type = OptionType::kList}),
    Opt("otherwise", &PolicySettings::otherwise, "What happens to a call that no rule matches.",
        {.choices = {kActions.begin(), kActions.end()}}),
    Opt("approver", &PolicySettings::approver,
        "Who answers `require_approval`: nobody (denied), everybody (approved), or the user, by saying yes in the last "
        "turn.",
        {.choices = {"nobody", "everybody", "user"}})};

Expected<PartFactory<Defense>> PrepareToolPolicy(const PolicySettings& settings) {
  auto policy = std::make_shared<Policy>();
  for (const Json& mapping : settings.rules.items()) {
    TRY_ASSIGN(Rule rule, ReadRule(mapping));
    policy->rules.push_back(std::move(rule));
  }
  TRY_ASSIGN(policy->otherwise, ReadAction(settings.otherwise));
  policy->approver = settings.approver == "user"        ? Approver::kUser
                     : settings.approver == "everybody" ? Approver::kEverybody
                                                        : Approver::kNobody;
  return [policy](const TrialContext&) { return std::make_unique<ToolPolicy>(policy); };
}

}  // namespace

DefenseEntry ToolPolicyEntry() {
  return DefenseEntry::Of(
      {.name = "tool_policy",
       .summary = "Allows, warns of, denies or asks about calls by tool and arguments; the first rule that matches "
                  "decides."},
      kPolicyOptions, PrepareToolPolicy);
}

}  // namespace xsweep
