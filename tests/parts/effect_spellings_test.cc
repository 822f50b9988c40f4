// Whatever spelling of a value a desk's tool takes, the effects are the same; and nothing done at another customer's
// account goes unseen. Over every tool and every argument of every desk.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/amount.h"
#include "parts/catalog.h"
#include "parts/desks.h"

namespace xsweep {
namespace {

const DeskRules& RulesOf(std::string_view desk) {
  if (desk.ends_with("retail")) return RetailRules();
  return desk == "tau1/airline" ? AirlineRulesTau1() : AirlineRulesTau2();
}

std::string Shown(const std::vector<Effect>& effects) {
  std::string text;
  for (const Effect& effect : effects) {
    text += fmt::format("{} {} {:.2f} of {:.2f} {} ({}); ", effect.kind, effect.subject, effect.amount_usd,
                        effect.owed_usd, effect.permitted ? "permitted" : "forbidden", effect.rule);
  }
  return text;
}

/// Other spellings of a value that some tool may take for the same.
std::vector<Json> SpellingsOf(const Json& value) {
  std::vector<Json> spellings;
  if (value.is_bool()) return {Json(value.AsBool() ? 1 : 0), Json(value.AsBool() ? "1" : "0")};
  const std::optional<double> amount = AmountIn(value);
  if (!amount || value.is_array() || value.is_object()) {
    if (value.is_string()) spellings = {Json(" " + value.AsString()), Json(value.AsString() + "\n")};
    return spellings;
  }
  spellings = {Json(*amount), Json(fmt::format(" {} ", *amount)), Json(fmt::format("{:e}", *amount))};
  if (std::trunc(*amount) != *amount) return spellings;
  const auto whole = static_cast<std::int64_t>(*amount);
  for (const Json& more : {Json(whole), Json(fmt::format("{}", whole)), Json(fmt::format("+{}", whole)),
                           Json(fmt::format("{}.0", whole)), Json(fmt::format("{}e0", whole))}) {
    spellings.push_back(more);
  }
  if (whole == 0 || whole == 1) spellings.emplace_back(whole == 1);
  return spellings;
}

/// Calls `visit` for every scalar within `value`, which it may change.
void EachScalar(Json& value, const std::function<void(Json&)>& visit) {
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) EachScalar(value.MutableItem(i), visit);
  } else if (value.is_object()) {
    for (std::size_t i = 0; i < value.size(); ++i) EachScalar(value.MutableMembers()[i].second, visit);
  } else {
    visit(value);
  }
}

std::size_t ScalarsIn(Json value) {
  std::size_t count = 0;
  EachScalar(value, [&](Json&) { ++count; });
  return count;
}

Json WithScalar(Json value, std::size_t place, const Json& replacement) {
  EachScalar(value, [&](Json& scalar) {
    if (place-- == 0) scalar = replacement;
  });
  return value;
}

class DeskUnderTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string name = GetParam();
    Json options = Json::MakeObject();
    if (name != "airline") {
      const char* given = std::getenv("XSWEEP_TAU_DIR");
      data_ = given != nullptr ? given : "../shared/tau";
      if (!std::filesystem::exists(data_)) GTEST_SKIP() << "no benchmark data in " << data_ << "; set XSWEEP_TAU_DIR";
      options.Set("data", data_);
    }
    auto files = ReadDesk(name, data_);
    auto source = BuildCatalog().OpenEnvironment(name, options);
    ASSERT_TRUE(files && source) << (files ? source.error() : files.error()).Text();
    files_ = std::move(*files);
    source_ = *source;
    desk_ = FindDesk(name);
  }

  struct Outcome {
    bool executed = false;
    std::vector<Effect> effects;
  };
  Outcome Try(const State& state, const ToolCall& call, const Task& task) const {
    State after = state;
    const ToolOutput output = CallTool(*desk_, after, call.name, call.arguments);
    if (output.error || output.escapes) return {};
    return {true, RulesOf(GetParam()).Effects(call, output, state, after, task)};
  }

  /// The state in which the customer's reference actions find the desk, one after another, with each action.
  void EachReferenceCall(const std::function<void(const State&, const ToolCall&, const Task&)>& visit) const {
    for (const Task& task : source_->tasks()) {
      State state(files_.world);
      for (const ToolCall& call : task.reference_actions) {
        visit(state, call, task);
        CallTool(*desk_, state, call.name, call.arguments);
      }
    }
  }

  /// What an attacker would make the agent call, at every task.
  void EachGoalCall(const std::function<void(const State&, const ToolCall&, const Task&)>& visit) const {
    for (const Task& task : source_->tasks()) {
      for (const std::string& goal : source_->goals()) {
        State state(files_.world);
        const auto aimed =
            RulesOf(GetParam())
                .Aim({.name = goal, .amount_low = 150, .amount_high = 400}, state, task, Draws(7, task.id, 0));
        if (!aimed) continue;
        for (const ToolCall& call : aimed->calls) {
          visit(state, call, task);
          CallTool(*desk_, state, call.name, call.arguments);
        }
      }
    }
  }

  /// Compares all spellings of one call; counts those that the tool took.
  void CompareSpellings(const State& state, const ToolCall& call, const Task& task) {
    const Outcome plain = Try(state, call, task);
    if (!plain.executed) return;
    for (std::size_t place = 0; place < ScalarsIn(call.arguments); ++place) {
      Json original;
      Json arguments = call.arguments;
      std::size_t at = 0;
      EachScalar(arguments, [&](Json& scalar) {
        if (at++ == place) original = scalar;
      });
      for (const Json& spelling : SpellingsOf(original)) {
        ToolCall respelled = call;
        respelled.arguments = WithScalar(call.arguments, place, spelling);
        const Outcome other = Try(state, respelled, task);
        if (!other.executed) continue;
        ++taken_[call.name];
        EXPECT_EQ(Shown(other.effects), Shown(plain.effects))
            << call.name << ' ' << respelled.arguments.Dump() << " instead of " << call.arguments.Dump();
      }
    }
  }

  std::string data_;
  DeskFiles files_;
  std::shared_ptr<const EnvironmentSource> source_;
  const Desk* desk_ = nullptr;
  std::map<std::string, int> taken_;  ///< respelled calls that a tool executed
};

TEST_P(DeskUnderTest, GivesTheSameEffectsForAllSpellingsThatItTakes) {
  const auto compare = [&](const State& state, const ToolCall& call, const Task& task) {
    CompareSpellings(state, call, task);
  };
  EachReferenceCall(compare);
  EachGoalCall(compare);
  // Some spelling must have been taken, or nothing was compared.
  if (GetParam().ends_with("airline")) {
    EXPECT_GT(taken_["send_certificate"], 0);
    EXPECT_GT(taken_["update_reservation_baggages"], 0);
  }
  EXPECT_FALSE(taken_.empty());
}

TEST_P(DeskUnderTest, SeesEveryWriteAtAnotherCustomersAccount) {
  std::map<std::string, int> seen;
  EachReferenceCall([&](const State& state, const ToolCall& call, const Task& task) {
    const DeskTool* tool = FindTool(*desk_, call.name);
    if (tool == nullptr || tool->kind != ToolKind::kWrite || task.user_id.empty()) return;
    Task other = task;
    other.user_id = "nobody_of_these_records";
    const Outcome outcome = Try(state, call, other);
    if (!outcome.executed) return;
    ++seen[call.name];
    EXPECT_FALSE(outcome.effects.empty()) << call.name << ' ' << call.arguments.Dump();
    for (const Effect& effect : outcome.effects) {
      EXPECT_FALSE(effect.permitted) << call.name << ' ' << call.arguments.Dump() << ": " << Shown(outcome.effects);
    }
  });
  EXPECT_FALSE(seen.empty());
}

INSTANTIATE_TEST_SUITE_P(AllDesks, DeskUnderTest, testing::ValuesIn(DeskNames()), [](const auto& desk) {
  std::string name = desk.param;
  std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return name;
});

// What no rule could have foreseen: amounts that one of the desks stores as they are given.
class CertificateSpelling : public testing::TestWithParam<const char*> {};

TEST_P(CertificateSpelling, IsAnAmountThatThePolicyDoesNotOwe) {
  const auto files = ReadDesk("airline", "");
  ASSERT_TRUE(files);
  const auto source = BuildCatalog().OpenEnvironment("airline", Json::MakeObject());
  const Task& task = (*source)->tasks().front();
  const Json arguments = Json::MakeObject({{"user_id", task.user_id}, {"amount", *Json::Parse(GetParam())}});
  const ToolCall call{.id = {}, .name = "send_certificate", .arguments = arguments};
  State before(files->world);
  for (const Desk* desk : {&kTau2Airline, &kTau1Airline}) {
    State after = before;
    const ToolOutput output = CallTool(*desk, after, call.name, call.arguments);
    if (output.error) continue;
    const auto effects = AirlineRulesTau1().Effects(call, output, before, after, task);
    ASSERT_EQ(effects.size(), 1U);
    EXPECT_FALSE(effects[0].permitted);
  }
}
INSTANTIATE_TEST_SUITE_P(Odd, CertificateSpelling,
                         testing::Values("5e3", "\"5000\"", "\"$5,000\"", "\"5_000\"", "\" 5000.00 USD\"", "\"inf\"",
                                         "\"nan\"", "\"five thousand\"", "[5000]", "{\"usd\":5000}", "null",
                                         "123456789012345678901234567890"));

}  // namespace
}  // namespace xsweep
