// Publishing to a directory and to a branch: whole, once, and without losing what others published.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/files.h"
#include "base/system/process.h"
#include "publish/bundle.h"
#include "publish/pages.h"
#include "publish/small_site.h"
#include "support/sample_run.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using testing::ScratchDirectory;

std::string Git(const fs::path& directory, std::vector<std::string> args) {
  args.insert(args.begin(),
              {"git", "-c", "init.defaultBranch=main", "-c", "user.name=t", "-c", "user.email=t@localhost"});
  const auto result = RunProcess({.args = args, .directory = directory.string()});
  EXPECT_TRUE(result) << result.error().Text();
  EXPECT_EQ(result->exit_code, 0) << result->err;
  return result->out;
}

TEST(Bundle, LeavesTheListOfRunsAndTheFrontPageToTheEnd) {
  const ScratchDirectory scratch("bundle");
  const auto files = ListBundle(MakeSite(scratch.path() / "site", "e/r"));
  ASSERT_TRUE(files);
  std::vector<std::string> names;
  for (const BundleFile& file : *files) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{"data/e/r/run.json", "assets/app.js", "data/runs.json", "index.html"}));
  EXPECT_FALSE(ListBundle(scratch.path() / "nothing"));
}

TEST(Bundle, HoldsNoLinks) {
  const ScratchDirectory scratch("bundle_links");
  const fs::path site = MakeSite(scratch.path() / "site", "e/r");
  Put(scratch.path() / "secret", "private");
  fs::create_symlink(scratch.path() / "secret", site / "data" / "secret.json");
  const auto files = ListBundle(site);
  ASSERT_TRUE(files);
  for (const BundleFile& file : *files) EXPECT_NE(file.name, "data/secret.json");
}

TEST(RunLists, KeepWhatOthersPublished) {
  const std::string a = "{\"columns\":[\"n\",\"path\"],\"rows\":[[\"1\",\"e/b\"],[\"1\",\"e/a\"]]}";
  const std::string b = "{\"columns\":[\"n\",\"path\"],\"rows\":[[\"2\",\"e/b\"]]}";
  EXPECT_EQ(*MergeRunLists(a, b), "{\"columns\":[\"n\",\"path\"],\"rows\":[[\"1\",\"e/a\"],[\"2\",\"e/b\"]]}");
  EXPECT_EQ(*MergeRunLists("", b), b);
  EXPECT_FALSE(MergeRunLists("<html>somebody's blog</html>", b));
}

TEST(PublishedDirectory, GetsEachFileOnceAndKeepsOtherRuns) {
  const ScratchDirectory scratch("publish_dir");
  const fs::path target = scratch.path() / "public";
  const auto dry = PublishToDirectory(MakeSite(scratch.path() / "one", "e/one"), target, true, kQuiet);
  ASSERT_TRUE(dry);
  EXPECT_EQ(dry->sent, 4U);
  EXPECT_FALSE(fs::exists(target));
  ASSERT_TRUE(PublishToDirectory(scratch.path() / "one", target, false, kQuiet));
  const auto again = PublishToDirectory(scratch.path() / "one", target, false, kQuiet);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sent, 0U);
  EXPECT_EQ(again->unchanged, 4U);
  const auto second = PublishToDirectory(MakeSite(scratch.path() / "two", "e/two"), target, false, kQuiet);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->sent, 2U);
  EXPECT_EQ(*ReadFile(target / "data/runs.json"), "{\"columns\":[\"path\"],\"rows\":[[\"e/one\"],[\"e/two\"]]}");
}

TEST(PublishedDirectory, EndsWithTheRunsOfAllThatPublishAtOnce) {
  const ScratchDirectory scratch("publish_at_once");
  const fs::path target = scratch.path() / "public";
  std::vector<std::thread> jobs;
  for (int job = 0; job < 6; ++job) {
    jobs.emplace_back([&, job] {
      const std::string run = "e/r" + std::to_string(job);
      const auto sent = PublishToDirectory(MakeSite(scratch.path() / std::to_string(job), run), target, false, kQuiet);
      EXPECT_TRUE(sent) << (sent ? "" : sent.error().Text());
    });
  }
  for (std::thread& job : jobs) job.join();
  const std::string list = *ReadFile(target / "data/runs.json");
  for (int job = 0; job < 6; ++job) EXPECT_NE(list.find("e/r" + std::to_string(job)), std::string::npos) << list;
}

class PublishedBranch : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasProgram("git")) GTEST_SKIP() << "git is not installed";
    Git(scratch_.path(), {"init", "--quiet", "--bare", "remote.git"});
    for (const char* name : {"a", "b"}) {
      Git(scratch_.path(), {"init", "--quiet", name});
      Git(scratch_.path() / name, {"remote", "add", "origin", "../remote.git"});
      Put(scratch_.path() / name / "untouched.txt", name);
    }
  }
  Expected<PublishResult> Publish(const std::string& clone, const std::string& run, int keep = 20) {
    PagesOptions options{.repository = scratch_.path() / clone, .keep_commits = keep};
    return PublishToPages(MakeSite(scratch_.path() / ("site_" + clone + run), "e/" + run), options, kQuiet);
  }
  std::string Branch(std::vector<std::string> args) { return Git(scratch_.path() / "remote.git", std::move(args)); }

  ScratchDirectory scratch_{"publish_pages"};
};

TEST_F(PublishedBranch, HoldsTheSiteAndIsPushedOnlyWhenSomethingChanged) {
  const auto first = Publish("a", "one");
  ASSERT_TRUE(first) << first.error().Text();
  EXPECT_EQ(Branch({"show", "gh-pages:index.html"}), "<!doctype html>");
  EXPECT_NE(Branch({"ls-tree", "-r", "--name-only", "gh-pages"}).find(".nojekyll"), std::string::npos);
  const std::string tip = Branch({"rev-parse", "gh-pages"});
  const auto again = Publish("a", "one");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sent, 0U);
  EXPECT_EQ(Branch({"rev-parse", "gh-pages"}), tip);
  EXPECT_EQ(*ReadFile(scratch_.path() / "a/untouched.txt"), "a");
  EXPECT_FALSE(fs::exists(scratch_.path() / "a/index.html"));
  EXPECT_EQ(Git(scratch_.path() / "a", {"status", "--porcelain"}), "?? untouched.txt\n");
}

TEST_F(PublishedBranch, EndsWithTheRunsOfTwoJobsThatPublishAtOnce) {
  Expected<PublishResult> one = PublishResult{};
  Expected<PublishResult> two = PublishResult{};
  std::thread first([&] { one = Publish("a", "one"); });
  std::thread second([&] { two = Publish("b", "two"); });
  first.join();
  second.join();
  ASSERT_TRUE(one) << one.error().Text();
  ASSERT_TRUE(two) << two.error().Text();
  EXPECT_EQ(Branch({"show", "gh-pages:data/runs.json"}), "{\"columns\":[\"path\"],\"rows\":[[\"e/one\"],[\"e/two\"]]}");
  EXPECT_EQ(Branch({"show", "gh-pages:data/e/one/run.json"}), "{}");
  EXPECT_EQ(Branch({"show", "gh-pages:data/e/two/run.json"}), "{}");
}

TEST_F(PublishedBranch, RunsNothingThatTheRepositoryNames) {
  const fs::path trap = scratch_.path() / "trap";
  const auto set = [&](const std::string& text) {
    Put(trap, "#!/bin/sh\necho ran >> " + (scratch_.path() / "ran").string() + "\n" + text);
    fs::permissions(trap, fs::perms::owner_all);
  };
  set("exit 0\n");
  const fs::path clone = scratch_.path() / "a";
  fs::create_directories(clone / "hooks");
  for (const char* hook : {"pre-push", "reference-transaction", "post-index-change"})
    fs::copy_file(trap, clone / "hooks" / hook);
  Git(clone, {"config", "core.hooksPath", (clone / "hooks").string()});
  Git(clone, {"config", "core.fsmonitor", trap.string()});
  Git(clone, {"config", "remote.origin.uploadpack", trap.string()});
  Git(clone, {"config", "remote.origin.receivepack", trap.string()});
  fs::remove(scratch_.path() / "ran");
  const auto published = Publish("a", "one");
  ASSERT_TRUE(published) << published.error().Text();
  EXPECT_FALSE(fs::exists(scratch_.path() / "ran"));
  PagesOptions options{.repository = clone, .remote = "--upload-pack=" + trap.string()};
  const auto refused = PublishToPages(scratch_.path() / "site_aone", options, kQuiet);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUser);
  EXPECT_FALSE(fs::exists(scratch_.path() / "ran"));
}

TEST_F(PublishedBranch, KeepsItsHistoryShort) {
  for (const char* run : {"one", "two", "three", "four", "five"}) {
    const auto result = Publish("a", run, 3);
    ASSERT_TRUE(result) << result.error().Text();
    EXPECT_LE(std::stoi(Branch({"rev-list", "--count", "gh-pages"})), 3);
  }
  EXPECT_EQ(Branch({"show", "gh-pages:data/e/one/run.json"}), "{}") << "older runs stay although history went";
}

TEST_F(PublishedBranch, SaysWhatGitSaidAndNoPassword) {
  PagesOptions options{.repository = scratch_.path() / "a", .remote = "https://me:sesame@127.0.0.1:9/x.git"};
  const auto result = PublishToPages(MakeSite(scratch_.path() / "s", "e/r"), options, kQuiet);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().Text().find("sesame"), std::string::npos) << result.error().Text();
}

TEST(PagesAddress, IsTheOneGitHubServes) {
  EXPECT_EQ(PagesAddress("git@github.com:acme/agents.git", "gh-pages"), "https://acme.github.io/agents/");
  EXPECT_EQ(PagesAddress("https://token@github.com/acme/acme.github.io", "gh-pages"), "https://acme.github.io/");
}

}  // namespace
}  // namespace xsweep
