// What RunProcess promises: arguments byte for byte, both streams, exit codes, limits.
// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <gtest/gtest.h>

#include <thread>

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
            "no-such-program-here: cannot be started; is it installed and in PATH?: No such file or directory");
  EXPECT_FALSE(HasProgram("no-such-program-here"));
  EXPECT_TRUE(HasProgram("sh"));
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
