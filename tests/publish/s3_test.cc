// Publishing to S3, against two servers nobody here wrote: s3rver, which accepts any secret, and versitygw.
// SPDX-License-Identifier: Apache-2.0
#include "publish/s3.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <memory>

#include "base/files.h"
#include "base/system/process.h"
#include "publish/small_site.h"
#include "support/child.h"
#include "support/sample_run.h"

namespace xsweep {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

namespace fs = std::filesystem;
using testing::Answers;
using testing::Child;
using testing::FreePort;
using testing::ScratchDirectory;

const fs::path kSource = XSWEEP_SOURCE_DIR;

/// s3rver, or the wire to another server: the first `cuts` connections end after `after` bytes each.
class S3Server {
 public:
  S3Server(const fs::path& folder, int cuts, std::uint64_t after = 0, int running = 0)
      : child_({"node", (kSource / "tests/publish/s3_server.mjs").string(), folder.string(), std::to_string(cuts),
                std::to_string(after), running == 0 ? "" : std::to_string(running)}),
        endpoint_("http://127.0.0.1:" + child_.FirstLine()) {}
  const std::string& endpoint() const { return endpoint_; }

 private:
  Child child_;
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

/// versitygw, which verifies signatures, keys, secrets and clocks; its buckets are folders.
class VerifyingServer : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path built = kSource / "build/tools/versitygw";
    if (!HasProgram("versitygw") && !fs::exists(built)) GTEST_SKIP() << "versitygw is not here: run tools/versitygw.sh";
    fs::create_directories(bucket_);
    fs::create_directories(scratch_.path() / "metadata");
    port_ = FreePort();
    server_ = std::make_unique<Child>(std::vector<std::string>{
        HasProgram("versitygw") ? "versitygw" : built.string(), "--access", "ALICE", "--secret", "sesame-of-alice",
        "--port", fmt::format("127.0.0.1:{}", port_), "--region", "eu-central-1", "--virtual-domain",
        fmt::format("localhost:{}", port_), "--quiet", "posix", "--sidecar", (scratch_.path() / "metadata").string(),
        bucket_.parent_path().string()});
    for (int tries = 0; tries < 400 && !Answers(port_); ++tries) ::usleep(25000);
    ASSERT_TRUE(Answers(port_)) << "versitygw does not start";
    MakeSite(site_, "e/one");
  }

  S3Options Options(std::string endpoint = {}) const {
    S3Options options{.bucket = "runs", .prefix = "it's our+site ü"};
    options.settings = {.access_key_id = "ALICE",
                        .secret_key = Secret("sesame-of-alice"),
                        .session_token = {},
                        .region = "eu-central-1",
                        .endpoint = endpoint.empty() ? fmt::format("http://127.0.0.1:{}", port_) : endpoint};
    options.first_wait = std::chrono::milliseconds(5);
    return options;
  }
  fs::path Stored(const std::string& name) const { return bucket_ / "it's our+site ü" / name; }
  std::string Refused(const S3Options& options) const {
    const auto result = PublishToS3(site_, options, kQuiet);
    EXPECT_FALSE(result);
    return result ? "" : result.error().Text();
  }
  /// A file that multipart has to carry, with no two parts alike.
  void PutHundredMegabytes() const {
    std::string text;
    for (std::uint64_t i = 0; text.size() < (std::size_t{100} << 20U); ++i) text += fmt::format("{:016}", i);
    Put(site_ / "data/e/big.json", text);
  }

  ScratchDirectory scratch_{"verifying_s3"};
  fs::path bucket_ = scratch_.path() / "buckets/runs";
  fs::path site_ = scratch_.path() / "site";
  int port_ = 0;
  std::unique_ptr<Child> server_;
};

TEST_F(VerifyingServer, GetsEverythingOnceThenOnlyWhatChanged) {
  const S3Options options = Options();
  Put(site_ / "data/e/a b+c=d&ü%~'(x)*.json", "{}");
  PutHundredMegabytes();
  auto result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 6U);
  EXPECT_EQ(*ReadFile(Stored("data/e/big.json")), *ReadFile(site_ / "data/e/big.json"));
  EXPECT_EQ(*ReadFile(Stored("data/e/a b+c=d&ü%~'(x)*.json")), "{}");
  result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 0U);
  EXPECT_EQ(result->unchanged, 6U);
  Put(site_ / "assets/app.js", "2");
  result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->sent, 1U);
  EXPECT_EQ(*ReadFile(Stored("assets/app.js")), "2");
}

TEST_F(VerifyingServer, IsAskedByHostNameToo) {
  S3Options options = Options(fmt::format("http://localhost:{}", port_));
  options.addressing = S3Addressing::kHost;
  const auto result = PublishToS3(site_, options, kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_TRUE(result->address.starts_with(fmt::format("http://runs.localhost:{}/", port_))) << result->address;
  EXPECT_EQ(*ReadFile(Stored("index.html")), "<!doctype html>");
}

TEST_F(VerifyingServer, IsQuotedWhenItRefuses) {
  S3Options options = Options();
  options.settings.secret_key = Secret("another-sesame");
  std::string words = Refused(options);
  EXPECT_NE(words.find("SignatureDoesNotMatch"), std::string::npos) << words;
  EXPECT_EQ(words.find("another-sesame"), std::string::npos) << words;
  options = Options();
  options.settings.access_key_id = "MALLORY";
  words = Refused(options);
  EXPECT_NE(words.find("access key"), std::string::npos) << words;
  options = Options();
  options.bucket = "nowhere";
  words = Refused(options);
  EXPECT_NE(words.find("does the bucket exist"), std::string::npos) << words;
  EXPECT_FALSE(fs::exists(Stored("index.html")));
}

TEST_F(VerifyingServer, GetsALargeFileOverAWireThatBreaks) {
  PutHundredMegabytes();
  const S3Server wire(scratch_.path(), 3, std::uint64_t{20} << 20U, port_);
  const auto result = PublishToS3(site_, Options(wire.endpoint()), kQuiet);
  ASSERT_TRUE(result) << result.error().Text();
  EXPECT_EQ(*ReadFile(Stored("data/e/big.json")), *ReadFile(site_ / "data/e/big.json"));
}

TEST_F(VerifyingServer, HoldsNoListOfWhatIsNotThere) {
  Put(site_ / "data/e/first.json", std::string(std::size_t{1} << 20U, 'x'));
  Put(site_ / "data/e/second.json", std::string(std::size_t{8} << 20U, 'x'));
  const S3Server wire(scratch_.path(), 1000, std::uint64_t{4} << 20U, port_);
  S3Options options = Options(wire.endpoint());
  options.tries = 2;
  Refused(options);
  EXPECT_FALSE(fs::exists(Stored("data/runs.json")));
  EXPECT_FALSE(fs::exists(Stored("index.html")));
  const auto again = PublishToS3(site_, Options(), kQuiet);
  ASSERT_TRUE(again) << again.error().Text();
  EXPECT_TRUE(fs::exists(Stored("index.html")));
}

/// The real program: keys from a profile, an endpoint from the config file.
class VerifyingServerForTheProgram : public VerifyingServer {
 protected:
  void SetUp() override {
    VerifyingServer::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const auto run = testing::MakeSampleRun(scratch_.path() / "results", {});
    ASSERT_TRUE(run) << run.error().Text();
    Put(scratch_.path() / ".aws/credentials",
        "[team]\naws_access_key_id = ALICE\naws_secret_access_key = sesame-of-alice\n");
    Put(scratch_.path() / ".aws/config",
        fmt::format("[profile team]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:{}\n", port_));
  }
  Expected<ProcessResult> Publish(std::vector<std::string> before) const {
    for (const std::string& word : {kProgram, std::string("publish"), std::string("s3://runs/cli"),
                                    std::string("--outdir"), (scratch_.path() / "results").string()}) {
      before.push_back(word);
    }
    ProcessRequest request{.args = std::move(before)};
    request.environment = {{"HOME", scratch_.path().string()}, {"AWS_PROFILE", "team"}};
    return RunProcess(request);
  }
  const std::string kProgram = std::string(XSWEEP_BINARY_DIR) + "/xsweep";
};

TEST_F(VerifyingServerForTheProgram, TakesKeysFromFiles) {
  const auto sent = Publish({});
  ASSERT_TRUE(sent);
  if (sent->err.find("built without its page") != std::string::npos) GTEST_SKIP() << "the page is not built in";
  EXPECT_EQ(sent->exit_code, 0) << sent->err;
  EXPECT_NE(sent->out.find(fmt::format("http://127.0.0.1:{}/runs/cli/index.html", port_)), std::string::npos)
      << sent->out;
  EXPECT_TRUE(fs::exists(bucket_ / "cli/index.html"));
}

TEST_F(VerifyingServerForTheProgram, TakesNoClockThatIsLate) {
  if (!HasProgram("faketime")) GTEST_SKIP() << "faketime is not installed: run tools/setup.sh --dev";
  const auto loaded =
      RunProcess({.args = {"faketime", "now", kProgram, "--version"}, .time_limit = std::chrono::seconds(10)});
  const bool works = loaded && loaded->exit_code == 0;
  if (!works && kSanitized)
    GTEST_SKIP() << "libfaketime does not load into this build; a sanitizer's start-up and its own call each other";
  ASSERT_TRUE(works);
  const auto late = Publish({"faketime", "2 hours ago"});
  ASSERT_TRUE(late);
  if (late->err.find("built without its page") != std::string::npos) GTEST_SKIP() << "the page is not built in";
  EXPECT_NE(late->exit_code, 0);
  EXPECT_NE(late->err.find("RequestTimeTooSkewed"), std::string::npos) << late->err;
  EXPECT_FALSE(fs::exists(bucket_ / "cli/index.html"));
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
