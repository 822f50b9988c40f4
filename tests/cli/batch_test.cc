// xsweep rejudge --batch: the same rows as without, for half the price, over kills and against servers that lie.
// SPDX-License-Identifier: Apache-2.0
#include "cli/real_run.h"
#include "support/batch_stand_in.h"

namespace xsweep::testing {
namespace {

/// Says yes to a dialogue in which a certificate was sent; by whose wire it is asked.
ServerReply Says(const SeenRequest& request) {
  const std::string said = request.body.find("send_certificate") == std::string::npos ? "no" : "Yes.";
  if (request.target.ends_with("/chat/completions")) return {.body = ChatBody(said)};
  return {.body =
              fmt::format(R"({{"id":"m","type":"message","role":"assistant","model":"tiny","stop_reason":"end_turn",)"
                          R"("stop_sequence":null,"content":[{{"type":"text","text":"{}"}}],)"
                          R"("usage":{{"input_tokens":10,"output_tokens":5}}}})",
                          said)};
}

class InBatches : public RealSweep {
 protected:
  void SetUp() override {
    const ModelServer agent(Weak);
    ASSERT_EQ(Xsweep(RunAs("a", Config(RealConfig(agent.Url())))).code, 0);
  }
  static std::string Judge(const ModelServer& server, const std::string& provider, const std::string& more = "") {
    return fmt::format(
        "models.judge={{provider: {}, model: tiny, base_url: \"{}/v1\", api_key_env: {}, max_tokens: 20, "
        "price: {{input: 1, output: 2}}, max_retries: 2{}}}",
        provider, server.Url(), kKeyVariable, more);
  }
  std::vector<std::string> Words(const std::string& id, const std::string& judge, std::vector<std::string> more) {
    std::vector<std::string> words = {"rejudge", Run("a").string(), "--outdir", Results(),
                                      "--judge", "model_judge",     "--set",    judge};
    if (!id.empty()) words.insert(words.end(), {"--run-id", id});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Ended Again(const std::string& id, const std::string& judge, std::vector<std::string> more = {"--batch"}) {
    return Xsweep(Words(id, judge, std::move(more)));
  }
  std::int64_t Calls(const std::string& id) { return Manifest(id).Find("budget")->Find("used")->IntOr("calls", -1); }
  double Cost(const std::string& id) { return Manifest(id).Find("budget")->Find("used")->DoubleOr("cost_usd", -1); }
  /// Without what a batch is there for: the cost.
  std::vector<std::string> Bare(const std::string& id) {
    std::vector<std::string> rows;
    for (Json row : Rows(id)) {
      Json* usage = row.FindMutable("usage");
      Json* judge = usage == nullptr ? nullptr : usage->FindMutable("judge");
      for (Json* sums : {usage, judge, &row}) {
        for (const char* member : {"cost_nano_usd", "cost_usd"}) {
          if (sums != nullptr && sums->is_object() && sums->Find(member) != nullptr) sums->Set(member, 0);
        }
      }
      rows.push_back(row.Dump());
    }
    return rows;
  }
  /// Nothing that lies in a run may hold the key.
  void ExpectNoKeyIn(const std::string& id) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Run(id))) {
      if (!entry.is_regular_file()) continue;
      std::ostringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      EXPECT_EQ(text.str().find(kCanaryKey), std::string::npos) << entry.path();
    }
  }
};

class OnEitherWire : public InBatches, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Wires, OnEitherWire, ::testing::Values("openai", "anthropic"));

TEST_P(OnEitherWire, FindsWhatSingleCallsFindForHalfThePrice) {
  BatchStandIn stand_in(Says);
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const std::string judge = Judge(server, GetParam());
  ASSERT_EQ(Again("single", judge, {}).code, 0);
  const int asked = stand_in.single_calls();
  const Ended ended = Again("batch", judge);
  ASSERT_EQ(ended.code, 0) << ended.output;
  EXPECT_EQ(stand_in.single_calls(), asked);
  EXPECT_EQ(stand_in.questions(), asked);
  EXPECT_EQ(stand_in.posted(), 1);
  EXPECT_EQ(Bare("batch"), Bare("single"));
  EXPECT_GT(Count(Rows("batch"), "attack_succeeded"), 0U);
  EXPECT_EQ(Calls("batch"), asked);
  EXPECT_NEAR(Cost("batch"), Cost("single") / 2, 1e-12);
  EXPECT_EQ(stand_in.faults(), std::vector<std::string>());
  ExpectNoKeyIn("batch");
}

}  // namespace
}  // namespace xsweep::testing
