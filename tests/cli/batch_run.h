// For tests of rejudges in batches: a finished run, a judge on either wire, and what came of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cli/real_run.h"
#include "support/batch_stand_in.h"

namespace xsweep::testing {

/// Says yes to a dialogue in which a certificate was sent; by whose wire it is asked.
inline ServerReply Says(const SeenRequest& request) {
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
  int port_ = 0;  ///< to be served again
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

/// Of all of them, told row by row.
inline void ExpectSame(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) ASSERT_EQ(left[i], right[i]);
}

/// For "openai" and "anthropic".
class OnAWire : public InBatches, public ::testing::WithParamInterface<const char*> {};

}  // namespace xsweep::testing
