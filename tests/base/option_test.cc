// An option is said once: its table gives defaults, schema and values, and the one checker says what is wrong.
// SPDX-License-Identifier: Apache-2.0
#include "base/options/option.h"

#include <gtest/gtest.h>

#include "base/options/check_options.h"

namespace xsweep {
namespace {

struct AimSettings {
  std::string goal = "certificate";
  NumberRange amount = {.low = 150, .high = 369.5};
};
struct GuardSettings : AimSettings {
  double threshold = 200;
  std::vector<std::string> tools = {"send"};
  std::optional<std::string> note;
  NamedPart inner;
  bool strict = false;
};

const Options<AimSettings> kAim = {Opt("goal", &AimSettings::goal, "What is wanted."),
                                   Opt("amount", &AimSettings::amount, "How much.", {.minimum = 0})};
const Options<GuardSettings> kGuard(kAim, {Opt("threshold", &GuardSettings::threshold, "USD.", {.minimum = 0}),
                                           Opt("tools", &GuardSettings::tools, "Which tools.", {.minimum = 1}),
                                           Opt("note", &GuardSettings::note, "Anything."),
                                           Opt("inner", &GuardSettings::inner, "Another one.", {.required = true}),
                                           Opt("strict", &GuardSettings::strict, "Whether to be strict.")});

PartSpec Guard() { return {.name = "guard", .summary = "", .options = kGuard.Specs()}; }

std::string Faulty(const char* options) {
  const std::vector<PartSpec> specs = {Guard(), {.name = "plain", .summary = ""}};
  const PartFamily family{.noun = "defense", .name_key = "name", .specs = &specs};
  const auto complete = CompleteOptions(specs[0], *Json::Parse(options), family, "defense guard");
  return complete ? complete->Dump() : complete.error().message;
}

TEST(OptionTable, TakesDefaultsFromTheInitialisersOfTheMembers) {
  const std::vector<OptionSpec> specs = kGuard.Specs();
  ASSERT_EQ(specs.size(), 7U);
  EXPECT_EQ(specs[0].fallback, Json("certificate"));
  EXPECT_EQ(specs[1].fallback.Dump(), "[150,369.5]");
  EXPECT_EQ(specs[2].fallback.Dump(), "200") << "a whole number is written without a fraction";
  EXPECT_EQ(specs[3].fallback.Dump(), R"(["send"])");
  EXPECT_TRUE(specs[4].fallback.is_null()) << "absent stays absent";
  EXPECT_TRUE(specs[5].required);
}

TEST(OptionTable, HasOtherDefaultsForAnotherPartOfTheSameSettings) {
  GuardSettings defaults;
  defaults.threshold = 0.5;
  EXPECT_EQ(kGuard.Specs(defaults)[2].fallback, Json(0.5));
  EXPECT_EQ(kGuard.Read(Json::MakeObject(), defaults).threshold, 0.5);
}

TEST(OptionTable, ReadsWhatIsGivenAndLeavesTheRest) {
  const auto given = Json::Parse(R"({"threshold": 7, "tools": ["a", "b"], "note": "n", "amount": [1, 2],
                                     "inner": {"name": "plain", "x": 1}})");
  const GuardSettings settings = kGuard.Read(*given);
  EXPECT_EQ(settings.threshold, 7);
  EXPECT_EQ(settings.tools, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(settings.note, "n");
  EXPECT_EQ(settings.amount.high, 2);
  EXPECT_EQ(settings.goal, "certificate");
  EXPECT_EQ(settings.inner.name, "plain");
  EXPECT_EQ(settings.inner.options.Dump(), R"({"x":1})");
}

TEST(OptionCheck, SaysAllThatIsWrongInTheWordsOfAConfig) {
  EXPECT_EQ(
      Faulty(R"({"inner": {"name": "plain"}, "threshold": -1, "tresold": 1, "tools": [], "strict": "yes"})"),
      "unknown option `tresold` of defense `guard`, did you mean `threshold`?; `threshold` must be at least 0, "
      "not -1; `tools` needs at least 1 items, not 0; `strict` must be true or false, not text `yes`; write true");
  EXPECT_EQ(Faulty("{}"), "defense `guard` needs option `inner`");
}

TEST(OptionCheck, LooksIntoNestedParts) {
  EXPECT_EQ(Faulty(R"({"inner": {"name": "plane"}})"), "unknown defense `plane`, did you mean `plain`?");
  EXPECT_EQ(Faulty(R"({"inner": {"name": "plain", "x": 1}})"), "unknown option `x` of defense `plain`");
}

TEST(OptionCheck, WritesWholeNumbersWithoutAFraction) {
  EXPECT_EQ(Faulty(R"({"inner": {"name": "plain"}, "threshold": 300.0})"),
            R"({"goal":"certificate","amount":[150,369.5],"threshold":300,"tools":["send"],"inner":{"name":"plain"},)"
            R"("strict":false})");
}

}  // namespace
}  // namespace xsweep
