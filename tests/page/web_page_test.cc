// The page in a real browser, from a server, from file:// and from a published site. Playwright does the looking.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/system/process.h"
#include "net/http_server.h"
#include "net/offload.h"
#include "page/html_report.h"
#include "page/page_server.h"
#include "page/routes.h"
#include "page/site.h"
#include "support/sample_run.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using testing::MakeSampleRun;
using testing::SampleRun;
using testing::ScratchDirectory;

const fs::path kScripts = fs::path(XSWEEP_SOURCE_DIR) / "tests/page";

/// Everything an attacker could write that a careless page would act on.
constexpr std::string_view kHostile =
    "</script><script>window.hacked=1;fetch('http://127.0.0.1:9/stolen')</script><img src=x onerror=window.hacked=2>"
    "<svg onload=window.hacked=3><a href=\"javascript:window.hacked=4\">click</a>[x](javascript:window.hacked=5)"
    "<iframe srcdoc=\"<script>parent.hacked=6</script>\"></iframe><style>*{display:none}</style>"
    "<meta http-equiv=refresh content=\"0;url=http://127.0.0.1:9/\"><base "
    "href=\"http://127.0.0.1:9/\">\u2028\"'`${1}{{2}}--><!--";

/// Runs of one experiment, a hostile one and one that is going on, made once for all views.
class WebPage : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchDirectory("web");
    results_ = scratch_->path() / "results";
    fs::create_directories(results_);
    SampleRun first;
    SampleRun second;
    second.run_id = "20261102T101500Z-bcdef12-SHIM-s41_42_43-t2";
    second.git_sha = "bcdef12345678901bcdef12345678901bcdef123";
    second.started = "2026-11-02T10:15:00Z";
    second.susceptibility = 0.8;
    second.verdict = GateVerdict::kFail;
    SampleRun hostile;
    hostile.exp = "hostile";
    hostile.run_id = "20261103T101500Z-nogit-SHIM-s1-t1";
    hostile.started = "2026-11-03T10:15:00Z";
    hostile.seeds = {1};
    hostile.trials = 1;
    hostile.text = kHostile;
    hostile.task_suffix = kHostile;
    SampleRun going;
    going.exp = "under_way";
    going.run_id = "20261104T101500Z-nogit-SHIM-s41_42_43-t2";
    going.started = "2026-11-04T10:15:00Z";
    going.sealed = false;
    going.recorded = 0.4;
    for (const SampleRun* sample : {&first, &second, &hostile, &going}) {
      const auto made = MakeSampleRun(results_, *sample);
      ASSERT_TRUE(made) << made.error().Text();
    }
  }
  static void TearDownTestSuite() { delete scratch_; }

  void SetUp() override {
    if (!PageIsBuiltIn()) GTEST_SKIP() << "the page is not built in: run tools/build_web.sh, then build again";
    if (!fs::exists(fs::path(XSWEEP_SOURCE_DIR) / "web/node_modules/playwright-core") || !HasProgram("node")) {
      GTEST_SKIP() << "playwright-core is not installed: run tools/build_web.sh";
    }
    if (!HasProgram("chromium")) GTEST_SKIP() << "chromium is not installed";
  }

  /// Runs one script; it exits 0 when everything was as it should be.
  static void Look(const std::string& script, const std::vector<std::string>& args) {
    ProcessRequest request{.args = {"node", (kScripts / script).string()}};
    request.args.insert(request.args.end(), args.begin(), args.end());
    request.time_limit = std::chrono::seconds(240);
    const auto result = RunProcess(request);
    ASSERT_TRUE(result) << result.error().Text();
    EXPECT_EQ(result->exit_code, 0) << result->out << result->err;
    std::fputs(result->out.c_str(), stdout);  // what it measured, if it did
  }

  /// Serves the results while `look` runs.
  template <class LookAt>
  static void WhileServing(const LookAt& look) {
    Routes routes(results_);
    SystemClock clock;
    const auto loop = IoLoop::Create(clock);
    ASSERT_TRUE(loop) << loop.error().Text();
    const auto server = HttpServer::Listen(**loop, {});
    ASSERT_TRUE(server) << server.error().Text();
    Offload offload(**loop, 4);
    const Mount page = MountPage(**server, offload, routes);
    std::atomic<bool> stop = false;
    std::thread thread([&] { EXPECT_TRUE((*loop)->Run(UntilStopped(**loop, stop))); });
    look((*server)->Address());
    stop = true;
    thread.join();
  }

  static ScratchDirectory* scratch_;
  static fs::path results_;
};
ScratchDirectory* WebPage::scratch_ = nullptr;
fs::path WebPage::results_;

TEST_F(WebPage, ShowsEveryViewFromAServer) {
  WhileServing([](const std::string& address) { Look("views.mjs", {"served", address}); });
}

TEST_F(WebPage, WorksFromAFileWithoutANetwork) {
  const fs::path run = results_ / "airline_escalating_v1/20261102T101500Z-bcdef12-SHIM-s41_42_43-t2";
  const Status written = WriteHtmlReport(RealDisk(), results_, run, {.transcripts = 50});
  ASSERT_TRUE(written) << written.error().Text();
  EXPECT_LT(fs::file_size(run / "report.html"), 3U << 20U);
  Look("views.mjs", {"report", "file://" + (run / "report.html").string()});
}

TEST_F(WebPage, WorksFromAPublishedSite) {
  const fs::path site = scratch_->path() / "site";
  fs::create_directories(site);
  const fs::path exp = results_ / "airline_escalating_v1";
  const Status written = WriteSite(
      results_,
      {exp / "20261101T101500Z-abcdef1-SHIM-s41_42_43-t2", exp / "20261102T101500Z-bcdef12-SHIM-s41_42_43-t2"}, site,
      {}, [](std::size_t) {});
  ASSERT_TRUE(written) << written.error().Text();
  Look("views.mjs", {"site", site.string()});
}

TEST_F(WebPage, LeavesHostileRunsInert) {
  const fs::path run = results_ / "hostile/20261103T101500Z-nogit-SHIM-s1-t1";
  const Status written = WriteHtmlReport(RealDisk(), results_, run);
  ASSERT_TRUE(written) << written.error().Text();
  WhileServing([&](const std::string& address) {
    Look("hostile.mjs", {address + "#/run/hostile/20261103T101500Z-nogit-SHIM-s1-t1"});
    Look("hostile.mjs",
         {"file://" + (run / "report.html").string() + "#/run/hostile/20261103T101500Z-nogit-SHIM-s1-t1"});
  });
}

TEST_F(WebPage, FollowsARunThatIsGoingOn) {
  const fs::path log = results_ / "under_way/20261104T101500Z-nogit-SHIM-s41_42_43-t2/shards/0.jsonl";
  WhileServing([&](const std::string& address) {
    Look("live.mjs", {address + "#/run/under_way/20261104T101500Z-nogit-SHIM-s41_42_43-t2", log.string()});
  });
}

TEST_F(WebPage, LoadsARunOfManyChunks) {
  SampleRun big;
  big.exp = "many_rows";
  big.run_id = "20261105T101500Z-nogit-SHIM-s1..25-t2";
  big.started = "2026-11-05T10:15:00Z";
  big.tasks = 120;
  big.trials = 2;
  big.seeds.clear();
  for (std::uint64_t seed = 1; seed <= 25; ++seed) big.seeds.push_back(seed);
  big.transcripts = false;
  const auto made = MakeSampleRun(results_, big);
  ASSERT_TRUE(made) << made.error().Text();
  WhileServing([&](const std::string& address) {
    Look("many_rows.mjs", {address + "#/run/many_rows/" + made->filename().string() + "/trials", "42000"});
  });
}

}  // namespace
}  // namespace xsweep
