// combined: several attacks at once, each through its own channel.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "episode/rug_pull.h"
#include "parts/attacks/attacks.h"
#include "parts/attacks/payload.h"

namespace xsweep {
namespace {

class Combined : public Attack, public ChangesTools {
 public:
  explicit Combined(std::vector<std::unique_ptr<Attack>> parts) : parts_(std::move(parts)) {}

  Channel channel() const override { return parts_.front()->channel(); }
  bool poisons_tools() const override { return Any(&Attack::poisons_tools); }
  bool replaces_user() const override { return Any(&Attack::replaces_user); }
  bool tools_due() const override {
    return std::ranges::any_of(parts_, [](const auto& part) {
      const auto* changes = dynamic_cast<const ChangesTools*>(part.get());
      return changes != nullptr && changes->tools_due();
    });
  }
  std::string payload() const override {
    std::string all;
    for (const auto& part : parts_) all += part->payload() + '\n';
    return all;
  }
  std::int64_t queries() const override {
    std::int64_t sum = 0;
    for (const auto& part : parts_) sum += part->queries();
    return sum;
  }

  bool stops_at_success() const override { return Any(&Attack::stops_at_success); }

  std::vector<Planting> Plantings() const override {
    std::vector<Planting> all;
    for (const auto& part : parts_) {
      for (Planting& planting : part->Plantings()) all.push_back(std::move(planting));
    }
    return all;
  }
  std::string PoisonTools(std::vector<ToolSchema>& tools) override {
    std::string inserted;
    for (const auto& part : parts_) Keep(part->PoisonTools(tools), inserted);
    return inserted;
  }
  std::string PoisonResult(const ToolCall& call, ToolOutcome& outcome) override {
    std::string inserted;
    for (const auto& part : parts_) Keep(part->PoisonResult(call, outcome), inserted);
    return inserted;
  }
  // With one that speaks instead of the user, only such ones speak; the dialogue ends when none has more to say.
  Async<Expected<Spoken>> Speak(UserTurn said, const Conversation& conversation) override {
    Spoken all;
    all.turn = std::move(said);
    const bool replaced = replaces_user();
    if (replaced) all.turn.stop = true;
    for (const auto& part : parts_) {
      if (replaced && !part->replaces_user()) continue;
      Async<Expected<Spoken>> speaking = part->Speak(all.turn, conversation);
      CO_TRY_ASSIGN(Spoken spoken, co_await speaking);
      all.usage += spoken.usage;
      if (replaced && spoken.turn.stop) continue;
      all.turn = std::move(spoken.turn);
      Keep(std::move(spoken.inserted), all.inserted);
    }
    co_return all;
  }

 private:
  bool Any(bool (Attack::*holds)() const) const {
    return std::ranges::any_of(parts_, [&](const auto& part) { return (part.get()->*holds)(); });
  }
  // The last one stands for exposure: a later part may have replaced what an earlier one wrote.
  static void Keep(std::string inserted, std::string& last) {
    if (!inserted.empty()) last = std::move(inserted);
  }

  std::vector<std::unique_ptr<Attack>> parts_;
};

struct CombinedSettings : GoalSettings {
  std::vector<NamedPart> attacks;
};

const Options<CombinedSettings> kCombinedOptions(
    kGoalOptions,
    {Opt("attacks", &CombinedSettings::attacks, "The attacks; all aim at the goal given here, not at one of their own.",
         {.minimum = 1, .required = true})});

Expected<AttackPlan> PrepareCombined(const CombinedSettings& settings) {
  std::vector<PartFactory<Attack>> factories;
  AttackPlan whole{.goal = ReadGoal(settings), .none = false, .make = {}, .literal = true};
  for (const NamedPart& part : settings.attacks) {
    TRY_ASSIGN(AttackPlan plan, PreparePart(AttackTable(), "attack", part.name, part.options));
    factories.push_back(std::move(plan.make));
    whole.literal = whole.literal && plan.literal;
    whole.vectors.insert(whole.vectors.end(), plan.vectors.begin(), plan.vectors.end());
  }
  whole.make = [factories](const TrialContext& context) {
    std::vector<std::unique_ptr<Attack>> parts;
    parts.reserve(factories.size());
    for (const auto& factory : factories) parts.push_back(factory(context));
    return std::make_unique<Combined>(std::move(parts));
  };
  return whole;
}

}  // namespace

AttackEntry CombinedEntry() {
  return AttackEntry::Of({.name = "combined",
                          .summary = "Several attacks at once, each through its own channel, with one goal.",
                          .example = "attacks: [{ name: record_injection }, { name: tool_description }]"},
                         kCombinedOptions, PrepareCombined);
}

}  // namespace xsweep
