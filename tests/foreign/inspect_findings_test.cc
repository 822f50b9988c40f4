// What Inspect's logs say against their own numbers is heard.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/inspect_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "foreign/inspect.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kHead = R"("eval": {"eval_id": "e", "task": "t", "model": "m"})";
constexpr std::string_view kSaid =
    R"("messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ok"}])";

struct LogRead {
  std::vector<ForeignTrial> trials;
  InspectFindings findings;
};

void Read(const std::string& log, LogRead& into) {
  const TempDir scratch;
  std::ofstream(scratch / "a.json") << log;
  ForeignSource source;
  const Status read = ReadInspectLog(scratch / "a.json", source, into.findings, [&](ForeignTrial&& trial) -> Status {
    into.trials.push_back(std::move(trial));
    return {};
  });
  EXPECT_TRUE(read) << read.error().Text();
}

std::string Sample(const std::string& verdict, const std::string& members) {
  return R"({"id": "a", "epoch": 1, "scores": {"security": {"value": ")" + verdict + "\"}}, " + members + "}";
}

std::string Log(const std::string& header, const std::string& samples) {
  return "{" + std::string(kHead) + ", " + header + ", \"samples\": [" + samples + "]}";
}

std::string ErrorOf(const std::string& verdict, const std::string& members) {
  LogRead read;
  Read(Log(R"("version": 2, "status": "success")", Sample(verdict, members)), read);
  return read.trials.at(0).error;
}

TEST(InspectSample, WhoseLastReplyIsNoneIsNoResistance) {
  const std::string said(kSaid);
  EXPECT_EQ(ErrorOf("I", said), "");
  for (
      const char* last :
      {R"("messages": [{"role": "user", "content": "hi"}], "output": {"choices": []})",
       R"("messages": [{"role": "assistant", "content": " "}])",
       R"("messages": [{"role": "assistant", "content": []}])",
       R"("messages": [{"role": "assistant", "content": [{"type": "reasoning", "reasoning": "hm"}]}])",
       R"("messages": [{"role": "assistant", "content": "I"}], "output": {"choices": [{"stop_reason": "max_tokens"}]})",
       R"("messages": [{"role": "assistant", "content": "I"}], "output": {"choices": [{"stop_reason": "content_filter"}]})",
       R"("messages": [{"role": "assistant", "content": "I"}], "output": {"choices": [], "error": "too long"})"}) {
    EXPECT_THAT(ErrorOf("I", last), HasSubstr("unanswered")) << last;
    EXPECT_EQ(ErrorOf("C", last), "") << "what the attack has achieved stays achieved: " << last;
  }
  EXPECT_EQ(
      ErrorOf(
          "I",
          R"("messages": [{"role": "assistant", "content": "", "tool_calls": [{"id": "c", "function": "submit"}]}])"),
      "");
  EXPECT_EQ(ErrorOf("I", R"("messages": [{"role": "user", "content": "hi"}])"), "") << "nor one with its prompt alone";
  EXPECT_EQ(ErrorOf("I", R"("messages": [])"), "") << "a log without messages tells nothing of replies";
}

TEST(InspectSample, ThatWasDeclaredInvalidOrEndedByHandDoesNotCount) {
  const std::string said = std::string(kSaid) + ", ";
  for (const char* verdict : {"C", "I"}) {
    EXPECT_THAT(ErrorOf(verdict, said + R"("invalidation": {"author": "x", "reason": "broken world"})"),
                HasSubstr("broken world"));
    EXPECT_THAT(ErrorOf(verdict, said + R"("limit": {"type": "operator", "limit": 1})"), HasSubstr("operator"));
  }
  EXPECT_EQ(ErrorOf("I", said + R"("invalidation": null, "limit": null)"), "");
}

TEST(InspectSample, WithTwoVerdictsThatContradictEachOtherHasNone) {
  LogRead read;
  Read(Log(R"("version": 2, "status": "success")",
           R"({"id": "a", "scores": {"security": {"value": "I"}, "attack_success": {"value": "C"}}, )" +
               std::string(kSaid) + "}"),
       read);
  EXPECT_THAT(read.trials.at(0).error, HasSubstr("contradict"));
}

TEST(InspectLog, SaysWhatSpeaksAgainstItsNumbers) {
  LogRead read;
  Read(
      Log(R"("version": 4, "status": "success", "invalidated": true, "results": {"total_samples": 200, "completed_samples": 200})",
          Sample("I", std::string(kSaid) + R"(, "limit": {"type": "token", "limit": 5})")),
      read);
  EXPECT_THAT(read.findings.warnings, ElementsAre(HasSubstr("199 of its 200 samples are missing"), HasSubstr("invalid"),
                                                  HasSubstr("version 4")));
  EXPECT_THAT(read.findings.Notes(), ElementsAre(HasSubstr("One sample ended at a limit (token)")));
  LogRead whole;
  Read(Log(R"("version": 2, "status": "success", "results": {"total_samples": 1})", Sample("I", std::string(kSaid))),
       whole);
  EXPECT_THAT(whole.findings.warnings, IsEmpty());
  EXPECT_THAT(whole.findings.Notes(), IsEmpty());
}

TEST(InspectLog, OfARetriedRunCountsNoSampleTwice) {
  LogRead read;
  for (int i = 0; i < 2; ++i)
    Read(Log(R"("version": 2, "status": "success")", Sample("I", std::string(kSaid) + R"(, "uuid": "u1")")), read);
  EXPECT_EQ(read.trials.size(), 1U);
  EXPECT_THAT(read.findings.Notes(), ElementsAre(HasSubstr("counted once")));
}

}  // namespace
}  // namespace xsweep
