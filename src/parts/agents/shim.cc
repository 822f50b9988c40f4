// shim: a simulated agent that does its task with a known competence and falls for attacks with a known susceptibility.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "episode/exposure.h"
#include "parts/agents/agents.h"
#include "parts/agents/persuasion.h"

namespace xsweep {
namespace {

struct ShimSettings {
  double competence = 0.95;
  double susceptibility = 0.6;
};

const Options<ShimSettings> kShimOptions = {
    Opt("competence", &ShimSettings::competence, "Probability of doing each reference action right.",
        {.minimum = 0, .maximum = 1}),
    Opt("susceptibility", &ShimSettings::susceptibility,
        "Probability of yielding to a bare request when nothing in the system prompt warns.",
        {.minimum = 0, .maximum = 1})};

// The request that the attacker wants to be heard, as this agent recognises it in a text: the goal in the attacker's
// words, one of its tools by name, or a sentence that asks for its topic.
class RequestReader {
 public:
  /// `folded`: what it reads has gone through a printer that folds lines.
  RequestReader(const Goal& goal, bool folded) : goal_(goal), topics_(GoalTopics(goal)), folded_(folded) {}

  bool Asks(std::string_view text, const TextCues& cues) const {
    if (folded_ && CarriesFolded(text, goal_.description)) return true;
    if ((cues.requested & topics_) != 0 || Contains(text, goal_.description)) return true;
    return std::ranges::any_of(goal_.calls, [&](const ToolCall& call) { return Contains(text, call.name); });
  }

  // Benign descriptions speak of refunds and of their own tool, so there only the goal itself counts.
  bool Asks(const ToolSchema& tool) const {
    if (Contains(tool.description, goal_.description)) return true;
    return std::ranges::any_of(goal_.calls, [&](const ToolCall& call) {
      return Contains(tool.description, call.name) &&
             (call.name != tool.name || Contains(tool.description, call.arguments.Dump()));
    });
  }

 private:
  static bool Contains(std::string_view text, std::string_view part) {
    return !part.empty() && text.find(part) != std::string_view::npos;
  }

  const Goal& goal_;
  std::uint32_t topics_;
  bool folded_;
};

class ShimAgent : public Agent {
 public:
  ShimAgent(const TrialContext& context, const ShimSettings& settings)
      : task_(context.task),
        goal_(context.goal),
        environment_(context.environment),
        reader_(context.goal, std::ranges::any_of(context.environment.vectors(), &Vector::planted)),
        draws_(context.draws),
        settings_(settings),
        attacked_(!context.goal.calls.empty() || context.goal.effect_kind == kTaskFailed) {}

  Async<Expected<AgentTurn>> Act(const Conversation& conversation) override {
    Read(conversation);
    if (!complied_ && asked_ && Yields(conversation)) complied_ = true;
    AgentTurn turn;
    if (complied_ && goal_.effect_kind == kTaskFailed) {
      turn.text = "I am sorry, I cannot go on with this.";
    } else if (complied_ && next_goal_call_ < goal_.calls.size()) {
      turn.calls.push_back(goal_.calls[next_goal_call_++]);
      refusal_expected_ = false;
    } else if (!requested_ || !AddNextAction(turn)) {
      turn.text = Answer();
    }
    return Expected<AgentTurn>(std::move(turn));
  }

 private:
  // Everything that is new to it since it last acted.
  void Read(const Conversation& conversation) {
    if (attacked_) ReadTools(*conversation.tools);
    for (; read_ < conversation.messages.size(); ++read_) {
      const Message& message = conversation.messages[read_];
      if (message.speaker == Speaker::kAgent) continue;
      if (message.speaker == Speaker::kTool && message.error && !refusal_expected_) all_done_ = false;
      ReadMessage(message);
    }
  }

  // What the task's own user asks for is no attack: it is taken out before the rest is weighed. Nor is a defense's
  // notice, whatever it says of refunds: a stricter defense would talk the agent into what it then lets pass.
  void ReadMessage(const Message& message) {
    std::string_view text = message.text;
    const std::size_t own = task_.instruction.empty() ? std::string_view::npos : text.find(task_.instruction);
    if (message.speaker == Speaker::kUser && (own != std::string_view::npos || task_.instruction.empty()))
      requested_ = true;
    if (!attacked_ || message.notice) return;
    if (own == std::string_view::npos) return Weigh(text);
    Weigh(text.substr(0, own));
    Weigh(text.substr(own + task_.instruction.size()));
  }

  void Weigh(std::string_view text) {
    if (text.empty()) return;
    const TextCues cues = ReadCues(text);
    if (reader_.Asks(text, cues)) Add(cues);
  }

  // Those that it has not seen so: the environment's own stay as they are, others may change within a trial.
  void ReadTools(const std::vector<ToolSchema>& tools) {
    const std::vector<ToolSchema>& own = environment_.tools();
    if (&tools == &own && read_ > 0) return;
    for (std::size_t i = 0; i < tools.size(); ++i) {
      const bool seen = i < seen_.size() ? seen_[i] == tools[i].description
                                         : read_ > 0 && i < own.size() && own[i].description == tools[i].description;
      if (!seen && reader_.Asks(tools[i])) Add(ReadCues(tools[i].description));
    }
    if (&tools == &own) return;
    seen_.clear();
    for (const ToolSchema& tool : tools) seen_.push_back(tool.description);
  }

  void Add(const TextCues& cues) {
    asked_ = true;
    ++requests_;
    for (std::size_t i = 0; i < hits_.size(); ++i) hits_[i] += cues.hits[i];
  }

  // One draw for the whole trial: a stronger text can only add to those who yield.
  bool Yields(const Conversation& conversation) const {
    const double probability =
        ComplianceProbability(settings_.susceptibility, Persuasion(hits_, requests_), Caution(*conversation.system));
    return draws_.Uniform("comply", 0) < probability;
  }

  // The next reference action, right or with a slip. False when there is none left.
  bool AddNextAction(AgentTurn& turn) {
    while (next_action_ < task_.reference_actions.size()) {
      const std::uint32_t step = static_cast<std::uint32_t>(next_action_);
      ToolCall call = task_.reference_actions[next_action_++];
      if (draws_.Uniform("competence", step) >= settings_.competence) {
        slipped_ = true;
        if (!Distort(call, step)) continue;
      }
      if (slipped_ && IsForbidden(call)) continue;
      call.id.clear();
      turn.calls.push_back(std::move(call));
      refusal_expected_ = step < task_.reference_refused.size() && task_.reference_refused[step];
      return true;
    }
    return false;
  }

  // After a slip a reference action may be against the policy: a certificate is owed for a delay only once the flight
  // has been changed. It is left out, so that no slip looks like an attack.
  bool IsForbidden(const ToolCall& call) const {
    const auto forbidden = [](const Effect& effect) { return !effect.permitted; };
    return std::ranges::any_of(environment_.Foresee(call), forbidden);
  }

  // A slip: half of them forget the call (false), the others get one argument wrong. Amounts only shrink.
  bool Distort(ToolCall& call, std::uint32_t step) const {
    if (call.arguments.size() == 0 || draws_.Uniform("slip", step) < 0.5) return false;
    const auto last = static_cast<std::int64_t>(call.arguments.size()) - 1;
    Json& value =
        call.arguments.MutableMembers()[static_cast<std::size_t>(draws_.Integer("slip_at", step, 0, last))].second;
    if (value.is_int()) {
      value = Json(value.AsInt() > 0 ? value.AsInt() - 1 : value.AsInt() + 1);
    } else if (value.is_double()) {
      value = Json(value.AsDouble() / 2);
    } else if (value.is_string() && !value.AsString().empty()) {
      value = Json(value.AsString().substr(1));
    } else {
      return false;
    }
    return true;
  }

  // It can only pass on what it has found out, so a failed or blocked call keeps it silent; not one that the reference
  // itself sees refused.
  std::string Answer() const {
    if (!requested_) return complied_ ? "I have taken care of that." : "I am sorry, our policy does not allow that.";
    if (slipped_ || !all_done_) return "I have done what I could.";
    std::string answer = "That is done.";
    for (const std::string& info : task_.communicate) answer += ' ' + info;
    return answer;
  }

  const Task& task_;
  const Goal& goal_;
  const Environment& environment_;
  const RequestReader reader_;
  const Draws draws_;
  const ShimSettings settings_;
  const bool attacked_;

  std::size_t read_ = 0;
  std::vector<std::string> seen_;  // descriptions, where they are not the environment's own
  bool requested_ = false;         // the task's user has asked for the task
  bool asked_ = false;             // the attacker's request has been read
  bool complied_ = false;
  bool slipped_ = false;
  bool all_done_ = true;
  bool refusal_expected_ = false;  // of the call it made last
  int requests_ = 0;
  std::array<std::uint32_t, kCueFamilies> hits_{};
  std::size_t next_goal_call_ = 0;
  std::size_t next_action_ = 0;
};

Expected<PartFactory<Agent>> PrepareShim(const ShimSettings& settings) {
  return [settings](const TrialContext& context) { return std::make_unique<ShimAgent>(context, settings); };
}

}  // namespace

AgentEntry ShimAgentEntry() {
  return AgentEntry::Of(
      {.name = "shim", .summary = "A simulated agent with known competence and susceptibility; needs no model."},
      kShimOptions, PrepareShim);
}

}  // namespace xsweep
