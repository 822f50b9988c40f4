// Answers of servers that are no success although their status says so.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "publish/s3.h"
#include "support/model_server.h"
#include "support/sample_run.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

class S3Answers : public ::testing::Test {
 protected:
  S3Answers() {
    fs::create_directories(site_ / "data");
    std::ofstream(site_ / "index.html") << "<!doctype html>";
    std::ofstream(site_ / "data/runs.json") << R"({"columns":["path"],"rows":[["e/one"]]})";
  }
  Expected<PublishResult> Publish(const std::string& name, const std::string& body) {
    const testing::ModelServer server([&](const testing::SeenRequest& seen) {
      if (!seen.target.ends_with(name)) return testing::ServerReply{.status = seen.body.empty() ? 404 : 200};
      return testing::ServerReply{.status = seen.body.empty() ? 404 : 200, .body = seen.body.empty() ? "" : body};
    });
    S3Options options{.bucket = "runs", .prefix = "site"};
    options.settings = {
        .access_key_id = "A", .secret_key = Secret("B"), .session_token = {}, .region = "r", .endpoint = server.Url()};
    options.first_wait = std::chrono::milliseconds(5);
    return PublishToS3(site_, options, [](std::size_t, std::size_t, std::string_view) {});
  }

  testing::ScratchDirectory scratch_{"s3_answers"};
  fs::path site_ = scratch_.path() / "site";
};

TEST_F(S3Answers, ThatHoldAnErrorOrAPageAreNoSuccess) {
  for (const char* name : {"index.html", "runs.json"}) {
    const auto done = Publish(name, "");
    EXPECT_TRUE(done) << done.error().Text();
    const auto failed =
        Publish(name, "<?xml version='1.0'?><Error><Code>InternalError</Code><Message>try again</Message></Error>");
    ASSERT_FALSE(failed) << name;
    EXPECT_NE(failed.error().message.find("InternalError: try again"), std::string::npos) << failed.error().Text();
    const auto page = Publish(name, "<!DOCTYPE HTML><html>Sign in</html>");
    ASSERT_FALSE(page) << name;
    EXPECT_NE(page.error().message.find("a page"), std::string::npos) << page.error().Text();
  }
}

}  // namespace
}  // namespace xsweep
