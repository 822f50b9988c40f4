// Publishing to S3, against a server nobody here wrote.
// SPDX-License-Identifier: Apache-2.0
#include "publish/s3.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "base/files.h"
#include "base/process.h"
#include "support/sample_run.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using testing::ScratchDirectory;

const PublishProgress kQuiet = [](std::size_t, std::size_t, std::string_view) {};
const fs::path kSource = XSWEEP_SOURCE_DIR;

void Put(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

void MakeSite(const fs::path& folder, const std::string& run) {
  Put(folder / "index.html", "<!doctype html>");
  Put(folder / "assets/app.js", "1");
  Put(folder / "data" / run / "run.json", "{}");
  Put(folder / "data/runs.json", "{\"columns\":[\"path\"],\"rows\":[[\"" + run + "\"]]}");
}

/// A child that says its port and ends when its standard input does.
class S3Server {
 public:
  S3Server(const fs::path& folder, int cuts) {
    int in[2];
    int out[2];
    if (::pipe(in) != 0 || ::pipe(out) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (const int end : {in[0], in[1], out[0], out[1]}) ::close(end);
      const std::string script = (kSource / "tests/publish/s3_server.mjs").string();
      ::execlp("node", "node", script.c_str(), folder.c_str(), std::to_string(cuts).c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    stdin_ = in[1];
    char piece[32];
    std::string line;
    for (ssize_t got = 0; line.find('\n') == std::string::npos && (got = ::read(out[0], piece, sizeof piece)) > 0;) {
      line.append(piece, static_cast<std::size_t>(got));
    }
    ::close(out[0]);
    endpoint_ = "http://127.0.0.1:" + line.substr(0, line.find('\n'));
  }
  ~S3Server() {
    ::close(stdin_);
    ::waitpid(child_, nullptr, 0);
  }
  const std::string& endpoint() const { return endpoint_; }

 private:
  pid_t child_ = -1;
  int stdin_ = -1;
  std::string endpoint_;
};

class PublishedBucket : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kSource / "web/node_modules/s3rver") || !HasProgram("node")) {
      GTEST_SKIP() << "s3rver is not installed: run tools/build_web.sh";
    }
    MakeSite(site_, "e/one");
  }
  S3Options Options(const S3Server& server) {
    S3Options options{.bucket = "runs", .prefix = "our site"};
    options.settings = {.access_key_id = "S3RVER",
                        .secret_key = Secret("S3RVER"),
                        .session_token = {},
                        .region = "eu-central-1",
                        .endpoint = server.endpoint()};
    options.first_wait = std::chrono::milliseconds(5);
    return options;
  }
  std::string Fetch(const S3Options& options, const std::string& name, bool head = false) {
    // Buckets of this server are public for reads, so another client can look: curl, which signs nothing here.
    std::vector<std::string> args = {"curl", "-s", S3Url(options, options.prefix + "/" + name)};
    if (head) args.emplace_back("-I");
    const auto result = RunProcess({.args = args});
    return result ? result->out : "";
  }

  ScratchDirectory scratch_{"publish_s3"};
  fs::path site_ = scratch_.path() / "site";
};

TEST_F(PublishedBucket, GetsEverythingOnceThenOnlyWhatChanged) {
  const S3Server server(scratch_.path() / "store", 0);
  const S3Options options = Options(server);
  auto result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 4U);
  result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 0U);
  EXPECT_EQ(result->unchanged, 4U);
  Put(site_ / "assets/app.js", "2");
  result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 1U);
  EXPECT_EQ(result->sent_bytes, 1U);
}

TEST_F(PublishedBucket, SaysWhatItsFilesAre) {
  const S3Server server(scratch_.path() / "store", 0);
  const S3Options options = Options(server);
  ASSERT_TRUE(PublishToS3(site_, options, kQuiet));
  const std::string head = Fetch(options, "index.html", true);
  if (head.find("403") != std::string::npos) GTEST_SKIP() << "this server shows nothing without a key";
  EXPECT_NE(head.find("text/html; charset=utf-8"), std::string::npos) << head;
  EXPECT_NE(head.find("no-cache"), std::string::npos) << head;
}

TEST_F(PublishedBucket, KeepsRunsThatAreThere) {
  const S3Server server(scratch_.path() / "store", 0);
  const S3Options options = Options(server);
  ASSERT_TRUE(PublishToS3(site_, options, kQuiet));
  const fs::path other = scratch_.path() / "other";
  MakeSite(other, "e/two");
  const auto result = PublishToS3(other, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 2U);
  const auto third = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->sent, 0U) << "the list with both runs is what joining them again gives";
}

TEST_F(PublishedBucket, TakesOddNamesAndLargeFiles) {
  const S3Server server(scratch_.path() / "store", 0);
  S3Options options = Options(server);
  options.multipart_above = std::uint64_t{6} << 20U;
  options.part_bytes = std::uint64_t{5} << 20U;
  Put(site_ / "data/e/a b+c=d&ü%.json", "{}");
  Put(site_ / "data/e/big.json", std::string(std::size_t{12} << 20U, 'x'));
  auto result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 6U);
  result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 0U);
}

TEST_F(PublishedBucket, SurvivesCutConnections) {
  const S3Server server(scratch_.path() / "store", 3);
  const auto result = PublishToS3(site_, Options(server), kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 4U);
}

TEST_F(PublishedBucket, GivesUpWithWordsAndWithoutTheSecret) {
  S3Options options;
  {
    const S3Server cut(scratch_.path() / "store", 1000);
    options = Options(cut);
    options.tries = 2;
    const auto result = PublishToS3(site_, options, kQuiet);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kWorld);
  }
  const S3Server server(scratch_.path() / "store2", 0);
  options = Options(server);
  options.settings.access_key_id = "SOMEBODY";
  options.settings.secret_key = Secret("open-sesame-42");
  const auto refused = PublishToS3(site_, options, kQuiet);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().Text().find("403"), std::string::npos) << refused.error().Text();
  EXPECT_EQ(refused.error().Text().find("open-sesame"), std::string::npos);
}

TEST_F(PublishedBucket, ADryRunSendsNothing) {
  const S3Server server(scratch_.path() / "store", 0);
  S3Options options = Options(server);
  options.dry_run = true;
  ASSERT_TRUE(PublishToS3(site_, options, kQuiet));
  options.dry_run = false;
  const auto result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->sent, 4U);
}

/// s3rver accepts any secret. This one is for a server that verifies signatures (versitygw, MinIO, Amazon's own):
/// XSWEEP_S3_ENDPOINT names it, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY open its bucket `runs`.
TEST_F(PublishedBucket, IsSignedAsAVerifyingServerWants) {
  const auto endpoint = ProcessEnvironment("XSWEEP_S3_ENDPOINT");
  if (!endpoint) GTEST_SKIP() << "XSWEEP_S3_ENDPOINT is not set";
  S3Options options{.bucket = "runs", .prefix = fmt::format("it's our+site {}", ::getpid())};
  const auto settings = FindAwsSettings(ProcessEnvironment);
  ASSERT_TRUE(settings) << settings.error().Text();
  options.settings = *settings;
  options.settings.endpoint = *endpoint;
  Put(site_ / "data/e/a b+c=d&ü%~'(x)*.json", "{}");
  Put(site_ / "data/e/big.json", std::string(std::size_t{100} << 20U, 'x'));
  auto result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 6U);
  result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 0U);
  options.settings.secret_key = Secret("not-the-secret-at-all");
  const auto refused = PublishToS3(site_, options, kQuiet);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().Text().find("403"), std::string::npos) << refused.error().Text();
}

TEST(S3Address, NamesABucketAndAPrefix) {
  const auto options = ParseS3Address("s3://my-bucket/runs/2026/");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->bucket, "my-bucket");
  EXPECT_EQ(options->prefix, "runs/2026");
  for (const char* bad : {"s3://", "http://x/y", "s3://Bucket", "s3://b/../c", "s3://b//c"})
    EXPECT_FALSE(ParseS3Address(bad)) << bad;
}

TEST(S3Url, FollowsTheAddressing) {
  S3Options options{.bucket = "b"};
  options.settings.region = "eu-west-1";
  EXPECT_EQ(S3Url(options, "a b/c+d"), "https://b.s3.eu-west-1.amazonaws.com/a%20b/c%2Bd");
  options.bucket = "b.c";
  EXPECT_EQ(S3Url(options, "k"), "https://s3.eu-west-1.amazonaws.com/b.c/k");
  options.settings.endpoint = "http://127.0.0.1:9000/";
  EXPECT_EQ(S3Url(options, "k"), "http://127.0.0.1:9000/b.c/k");
  options.addressing = S3Addressing::kHost;
  EXPECT_EQ(S3Url(options, "k"), "http://b.c.127.0.0.1:9000/k");
}

TEST(AwsSettings, ComeFromTheEnvironmentThenFromFiles) {
  const ScratchDirectory scratch("aws");
  Put(scratch.path() / ".aws/credentials",
      "# mine\n[default]\naws_access_key_id = AK1\naws_secret_access_key = "
      "s3cretvalue\n[other]\naws_access_key_id=AK2\naws_secret_access_key=othervalue\n");
  Put(scratch.path() / ".aws/config",
      "[default]\nregion = eu-north-1\n[profile other]\nregion = us-west-2\nendpoint_url = http://localhost:1\n");
  std::map<std::string, std::string> values = {{"HOME", scratch.path().string()}};
  const EnvironmentLookup lookup = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
  EXPECT_EQ(FindAwsSettings(lookup)->access_key_id, "AK1");
  EXPECT_EQ(FindAwsSettings(lookup)->region, "eu-north-1");
  values["AWS_PROFILE"] = "other";
  EXPECT_EQ(FindAwsSettings(lookup)->access_key_id, "AK2");
  EXPECT_EQ(FindAwsSettings(lookup)->endpoint, "http://localhost:1");
  values["AWS_ACCESS_KEY_ID"] = "AK3";
  values["AWS_SECRET_ACCESS_KEY"] = "third-value";
  values["AWS_REGION"] = "sa-east-1";
  EXPECT_EQ(FindAwsSettings(lookup)->access_key_id, "AK3");
  EXPECT_EQ(FindAwsSettings(lookup)->region, "sa-east-1");
  values = {{"HOME", "/nowhere"}};
  const auto none = FindAwsSettings(lookup);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("AWS_ACCESS_KEY_ID"), std::string::npos);
}

}  // namespace
}  // namespace xsweep
