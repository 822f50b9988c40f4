// xsweep rejudge --batch against servers that lie: an error each, and never an outcome.
// SPDX-License-Identifier: Apache-2.0
#include "cli/batch_run.h"

namespace xsweep::testing {
namespace {

class Pestered : public OnAWire {};
INSTANTIATE_TEST_SUITE_P(Wires, Pestered, ::testing::Values("openai", "anthropic"));

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// A run whose batch came back as `results` makes it, and how many of its rows are errors.
class Lied : public OnAWire {
 protected:
  Ended With(std::function<std::string(std::vector<std::string>)> results, BatchManners manners = {}) {
    manners.results = std::move(results);
    BatchStandIn stand_in(Says, std::move(manners));
    const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
    Ended ended = Again("batch", Judge(server, GetParam()));
    questions_ = stand_in.questions();
    posted_ = stand_in.posted();
    if (std::filesystem::exists(Run("batch"))) ExpectNoKeyIn("batch");
    return ended;
  }
  std::size_t Errors() { return Count(Rows("batch"), "error"); }
  int questions_ = 0, posted_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Wires, Lied, ::testing::Values("openai", "anthropic"));

TEST_P(Lied, AMissingLineIsAnError) {
  const Ended ended = With([](std::vector<std::string> lines) {
    lines.resize(lines.size() - 2);
    return Joined(lines);
  });
  EXPECT_EQ(Errors(), 2U) << ended.output;
  EXPECT_EQ(posted_, 1);
}

TEST_P(Lied, ALineThatComesTwiceIsAnErrorOfItsQuestionAlone) {
  const Ended ended = With([](std::vector<std::string> lines) {
    lines.push_back(lines[3]);
    lines.push_back(lines[3]);
    return Joined(lines);
  });
  EXPECT_EQ(Errors(), 1U) << ended.output;
  EXPECT_NE(ended.output.find("answered more than once"), std::string::npos) << ended.output;
}

TEST_P(Lied, AStrangeIdIsNobodysAnswer) {
  const Ended ended = With([](std::vector<std::string> lines) {
    const auto at = lines[0].find("custom_id") + 12;
    lines[0].replace(at, 10, "0000000000");
    return Joined(lines);
  });
  EXPECT_EQ(Errors(), 1U) << ended.output;
  EXPECT_NE(ended.output.find("answer no question of it"), std::string::npos) << ended.output;
}

TEST_P(Lied, GarbageBetweenLinesCostsItsLines) {
  const Ended ended = With([](std::vector<std::string> lines) {
    lines[1] = lines[1].substr(0, lines[1].size() / 2);
    lines[2] = "\\x00\\xff{{{";
    lines.insert(lines.begin(), "null");
    lines.emplace_back("[]");
    return Joined(lines) + "{\"custom_id\":";
  });
  EXPECT_EQ(Errors(), 2U) << ended.output;
}

TEST_P(Lied, AnAnswerOfNoShapeIsAnError) {
  const Ended ended = With([](std::vector<std::string> lines) {
    for (std::string& line : lines) {
      const auto id = line.substr(line.find("custom_id") + 12, 49);
      line = fmt::format(
          R"({{"custom_id":"{}","response":{{"status_code":200,"body":[1,2]}},"result":{{"type":"succeeded","message":{{}}}}}})",
          id);
    }
    return Joined(lines);
  });
  EXPECT_EQ(Errors(), Rows("batch").size()) << ended.output;
  EXPECT_EQ(Count(Rows("batch"), "attack_succeeded") + Count(Rows("batch"), "attack_failed"), 0U);
}

TEST_P(Lied, APageInPlaceOfResultsLeavesTheRunToGoOnWith) {
  const Ended ended =
      With([](const std::vector<std::string>&) { return std::string("<html>\n<body>Please log in\n"); });
  EXPECT_EQ(ended.code, 4) << ended.output;
  EXPECT_NE(ended.output.find("none of the 2 lines"), std::string::npos) << ended.output;
  EXPECT_TRUE(std::filesystem::exists(Run("batch") / "batches"));
  EXPECT_FALSE(std::filesystem::exists(Run("batch") / "trials.jsonl"));
}

TEST_P(Lied, HundredsOfMegabytesAreNotTaken) {
  const Ended ended = With([](const std::vector<std::string>&) { return std::string(std::size_t{300} << 20U, 'x'); });
  EXPECT_EQ(ended.code, 4) << ended.output;
  EXPECT_NE(ended.output.find("longer than"), std::string::npos) << ended.output;
  EXPECT_FALSE(std::filesystem::exists(Run("batch") / "batches" / "1.answers.jsonl"));
}

TEST_P(Lied, ALineThatExpiredIsAskedAgain) {
  const Ended ended = With({}, {.expire_every = 4});
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_EQ(Errors(), 0U);
  EXPECT_EQ(posted_, 2);
  EXPECT_EQ(Calls("batch"), static_cast<std::int64_t>(Rows("batch").size()));
}

TEST_P(Lied, WhereEverythingExpiresNothingIsAskedForEver) {
  const Ended ended = With({}, {.expire_every = 1});
  EXPECT_EQ(Errors(), static_cast<std::size_t>(questions_)) << ended.output;
  EXPECT_EQ(posted_, 1);
  EXPECT_EQ(Calls("batch"), 0);
}

TEST_P(Pestered, APageInPlaceOfTheApiIsSaid) {
  BatchStandIn stand_in(Says, {.html = true});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const Ended ended = Again("batch", Judge(server, GetParam()), {"--batch"});
  EXPECT_EQ(ended.code, 4) << ended.output;
  EXPECT_NE(ended.output.find("Please log in"), std::string::npos) << ended.output;
  EXPECT_EQ(stand_in.posted(), 0);
}

TEST_P(Pestered, ABusyServerIsAskedAgain) {
  BatchStandIn stand_in(Says, {.rejects = 2});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const Ended ended = Again("batch", Judge(server, GetParam()));
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_EQ(stand_in.posted(), 1);
}

TEST_F(InBatches, NoAddressThatAServerNamesIsAsked) {
  int elsewhere = 0;
  std::string seen;
  const ModelServer other([&](const SeenRequest& request) {
    ++elsewhere;
    seen = std::string(request.Header("x-api-key"));
    return ServerReply{.body = "{}"};
  });
  BatchStandIn stand_in(Says, {.results_url = other.Url("/v1/messages/batches/msgbatch_1/results")});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const Ended ended = Again("batch", Judge(server, "anthropic"));
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_EQ(elsewhere, 0);
  EXPECT_EQ(seen, "");
}

TEST_F(InBatches, AnswersWithoutAFileAreLookedForAgain) {
  BatchStandIn stand_in(Says, {.looks = 0, .no_files = true});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const std::string judge = Judge(server, "openai");
  const Ended without = Again("batch", judge, {"--batch", "--wait", "0"});
  EXPECT_EQ(without.code, 130) << without.output;
  EXPECT_NE(without.output.find("names no file"), std::string::npos) << without.output;
  EXPECT_FALSE(std::filesystem::exists(Run("batch") / "trials.jsonl"));
  stand_in.Behave([](BatchManners& manners) { manners.no_files = false; });
  const Ended ended = Again("batch", judge);
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_EQ(stand_in.posted(), 1);
  EXPECT_EQ(Calls("batch"), static_cast<std::int64_t>(Rows("batch").size()));
}

TEST_F(InBatches, ABatchThatIsRefusedAsAWholeIsAskedAnew) {
  BatchStandIn stand_in(Says, {.failure = "invalid_json_line"});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const Ended ended = Again("batch", Judge(server, "openai"));
  EXPECT_EQ(ended.code, 4) << ended.output;
  EXPECT_NE(ended.output.find("invalid_json_line"), std::string::npos) << ended.output;
  EXPECT_EQ(Again("batch", Judge(server, "openai")).code, 0);
  EXPECT_EQ(stand_in.posted(), 2);
  EXPECT_EQ(Calls("batch"), stand_in.questions());
}

TEST_F(InBatches, ABatchThatIsTooMuchForNowGoesWhenTheOthersAreThrough) {
  BatchStandIn stand_in(Says, {.failure = "token_limit_exceeded"});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const Ended ended = Again("batch", Judge(server, "openai"), {"--batch", "--batch-size", "20"});
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_EQ(Calls("batch"), static_cast<std::int64_t>(Rows("batch").size()));
}

}  // namespace
}  // namespace xsweep::testing
