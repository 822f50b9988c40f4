// A transcript is the same after it was written and read, and a broken one is refused.
// SPDX-License-Identifier: Apache-2.0
#include "episode/transcript.h"

#include <gtest/gtest.h>

#include "base/draw.h"
#include "support/fake_desk.h"

namespace xsweep {
namespace {

// Any transcript, a pure function of the trial: every enum value and odd text turns up somewhere.
class Arbitrary {
 public:
  explicit Arbitrary(std::uint32_t trial) : draws_(7, "transcripts", trial) {}

  Transcript Make() {
    Transcript transcript;
    transcript.system = Text();
    transcript.stop = static_cast<Stop>(Below(static_cast<int>(kCount<Stop>)));
    transcript.exposure = {
        .exposed = Below(2) == 1, .turn = Below(9), .channel = static_cast<Channel>(Below(5)), .via = Text()};
    for (int i = Below(4); i > 0; --i) {
      CallRecord& record = transcript.calls.emplace_back();
      record.call = Call();
      record.turn = Below(9);
      record.fate = static_cast<CallFate>(Below(3));
      record.content = Text();
      for (int j = Below(3); j > 0; --j) {
        record.effects.push_back({.kind = Text(),
                                  .subject = Text(),
                                  .amount_usd = Below(1000) / 8.0,
                                  .owed_usd = Below(1000) / 4.0,
                                  .permitted = Below(2) == 1,
                                  .rule = Text()});
      }
    }
    for (int i = Below(5); i > 0; --i) transcript.steps.push_back(MakeStep(static_cast<int>(transcript.calls.size())));
    return transcript;
  }

 private:
  Step MakeStep(int calls) {
    Step step;
    step.kind = static_cast<StepKind>(Below(5));
    step.turn = Below(9);
    step.original = Text();
    step.injected = Below(2) == 1;
    step.call = Below(calls + 1) - 1;
    if (step.kind == StepKind::kDefense) {
      step.decision = {
          .ruling = static_cast<Ruling>(Below(4)), .defense = Text(), .reason_code = Text(), .detail = Text()};
    } else {
      step.shown = Text();
      step.reasoning = Text();
      for (int i = Below(3); i > 0; --i) step.calls.push_back(Call());
    }
    return step;
  }
  ToolCall Call() {
    Json arguments = Below(4) == 0 ? Json(Text()) : Json::MakeObject({{"n", Below(9)}, {"x", 25.0}, {"s", Text()}});
    return {.id = Text(), .name = Text(), .arguments = std::move(arguments)};
  }
  std::string Text() {
    static const std::string kTexts[] = {
        "", "call_1", "{\"a\": 1}\n", "\xF0\x9F\x92\xB8", std::string("nul\0!", 5), "<script>"};
    return kTexts[Below(6)];
  }
  int Below(int bound) { return static_cast<int>(draws_.Integer("any", step_++, 0, bound - 1)); }

  Draws draws_;
  std::uint32_t step_ = 0;
};

TEST(Transcript, IsTheSameAfterWritingAndReading) {
  for (std::uint32_t trial = 0; trial < 300; ++trial) {
    const Json written = Arbitrary(trial).Make().ToJson();
    const auto parsed = Json::Parse(written.Dump());
    ASSERT_TRUE(parsed) << parsed.error().Text();
    const auto read = Transcript::FromJson(*parsed);
    ASSERT_TRUE(read) << read.error().Text();
    EXPECT_EQ(read->ToJson().Dump(), written.Dump());
  }
}

TEST(Transcript, OfARealEpisodeKeepsWhatJudgesNeed) {
  const EpisodeResult result = test::Bench({.agent = "always_comply", .attack = "static"}).Run();
  const auto read = Transcript::FromJson(*Json::Parse(result.transcript.ToJson().Dump()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->calls.at(0).effects.at(0).amount_usd, result.assessment.amount_usd);
  EXPECT_FALSE(read->calls[0].effects[0].permitted);
  EXPECT_TRUE(read->exposure.exposed);
}

TEST(Transcript, IsRefusedWhenBroken) {
  for (const char* bad :
       {"[]", "{}", R"({"exposure":{"channel":"smoke"}})", R"({"exposure":{"channel":"none"},"calls":3})",
        R"({"exposure":{"channel":"none"},"steps":[{"kind":"tool","call":0}]})",
        R"({"exposure":{"channel":"none"},"steps":[{"kind":"defense","decision":{"verdict":"perhaps"}}]})",
        R"({"exposure":{"channel":"none"},"calls":[{"fate":"lost"}]})"}) {
    EXPECT_FALSE(Transcript::FromJson(*Json::Parse(bad))) << bad;
  }
}

}  // namespace
}  // namespace xsweep
