// What RunProcess promises: arguments byte for byte, both streams, exit codes, limits.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/process.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/base64.h"
#include "base/system/scratch.h"
#include "base/system/spawn.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

ProcessResult RunToEnd(ProcessRequest request) {
  auto result = RunProcess(request);
  EXPECT_TRUE(result.has_value()) << result.error().Text();
  return result ? *result : ProcessResult{};
}

TEST(Process, PassesArgumentsWithoutAShell) {
  EXPECT_EQ(RunToEnd({.args = {"printf", "%s|", "$HOME; `id`", "a b", "*"}}).out, "$HOME; `id`|a b|*|");
}

TEST(Process, FeedsInputAndKeepsTheStreamsApart) {
  const ProcessResult result =
      RunToEnd({.args = {"sh", "-c", "cat; echo seen >&2; exit 7"}, .input = std::string(300'000, 'x')});
  EXPECT_EQ(result.out.size(), 300'000U);
  EXPECT_EQ(result.err, "seen\n");
  EXPECT_EQ(result.exit_code, 7);
}

TEST(Process, ThatNeverReadsItsInputIsNoProblem) {
  EXPECT_EQ(RunToEnd({.args = {"true"}, .input = std::string(1'000'000, 'x')}).exit_code, 0);
}

TEST(Process, RunsWhereAndWithWhatItIsTold) {
  const ProcessResult result = RunToEnd(
      {.args = {"sh", "-c", "pwd; echo $XSWEEP_WORD"}, .directory = "/", .environment = {{"XSWEEP_WORD", "hello"}}});
  EXPECT_EQ(result.out, "/\nhello\n");
}

TEST(Process, EndedByASignalHasTheExitCodeThatShellsGive) {
  EXPECT_EQ(RunToEnd({.args = {"sh", "-c", "kill -9 $$"}}).exit_code, 137);
}

TEST(Process, ThatIsNotThereIsNamed) {
  const auto result = RunProcess({.args = {"no-such-program-here"}});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kWorld);
  EXPECT_EQ(result.error().Text(),
            "no-such-program-here: cannot be started (No such file or directory); is it installed?");
  EXPECT_FALSE(HasProgram("no-such-program-here"));
  EXPECT_TRUE(HasProgram("sh"));
}

TEST(Process, IsLookedForInThePathThatItGetsAndNowhereElse) {
  const TempDir dir;
  std::ofstream(dir.path() / "tool") << "#!/bin/sh\necho here\n";
  std::filesystem::permissions(dir.path() / "tool", std::filesystem::perms::owner_all);
  const ProcessRequest request{
      .args = {"tool"}, .directory = dir.path().string(), .environment = {{"PATH", "/usr/bin:/bin"}}};
  EXPECT_FALSE(RunProcess(request).has_value());
  ProcessRequest with = request;
  with.environment = {{"PATH", dir.path().string() + ":/usr/bin:/bin"}};
  EXPECT_EQ(RunToEnd(with).out, "here\n");
  EXPECT_EQ(FindProgram("tool", "/nowhere:" + dir.path().string()), (dir.path() / "tool").string());
  EXPECT_EQ(FindProgram("tmp", "/"), "") << "a folder is no program";
}

TEST(ScratchDirectory, GoesWithItsObjectAndSweepsWhatAKilledProcessHasLeft) {
  const TempDir dir;
  ::setenv("TMPDIR", dir.path().c_str(), 1);
  const auto left = dir.path() / "xsweep-trial-999999999-x";  // more than Linux counts to
  const auto ours = dir.path() / fmt::format("xsweep-trial-{}-other", ::getpid());
  for (const auto& path : {left, ours}) std::filesystem::create_directories(path / "work");
  {
    const ScratchDirectory scratch = ScratchDirectory::Make("mine").value();
    EXPECT_TRUE(std::filesystem::is_directory(scratch.path()));
    EXPECT_FALSE(std::filesystem::exists(left));
    EXPECT_TRUE(std::filesystem::exists(ours));
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
  ::unsetenv("TMPDIR");
}

TEST(Base64, IsReadAsItIsWritten) {
  // RFC 4648, section 10.
  const std::pair<std::string, std::string> known[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, coded] : known) {
    EXPECT_EQ(Base64(text), coded);
    EXPECT_EQ(DecodeBase64(coded), text);
  }
  for (const char* none : {"Zg", "Zg=", "Z===", "Zm9v=", "Zm 9", "Zm-_"}) EXPECT_FALSE(DecodeBase64(none)) << none;
}

TEST(Process, IsKilledWithItsChildrenWhenTheTimeIsOver) {
  const auto result =
      RunProcess({.args = {"sh", "-c", "sleep 60 & sleep 60"}, .time_limit = std::chrono::milliseconds(50)});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().Text(), "sh: took longer than 50 ms");
}

TEST(Process, DoesNotWaitForAChildThatOutlivesIt) {
  EXPECT_EQ(RunToEnd({.args = {"sh", "-c", "sleep 3 & echo done"}, .time_limit = std::chrono::seconds(2)}).out,
            "done\n");
}

TEST(Process, ThatPrintsTooMuchIsStopped) {
  const auto result = RunProcess({.args = {"yes"}, .output_limit = 100'000});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().Text(), "yes: printed more than 100000 bytes");
}

TEST(Processes, RunSideBySide) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back(
        [i] { EXPECT_EQ(RunToEnd({.args = {"echo", std::to_string(i)}}).out, std::to_string(i) + "\n"); });
  }
}

}  // namespace
}  // namespace xsweep
