// xsweep rejudge --batch, stopped and killed: the same command goes on, and nothing is sent or paid twice.
// SPDX-License-Identifier: Apache-2.0
#include "cli/batch_run.h"

namespace xsweep::testing {
namespace {

class Killed : public OnAWire {};
INSTANTIATE_TEST_SUITE_P(Wires, Killed, ::testing::Values("openai", "anthropic"));

/// Until the stand-in has taken a batch.
void AwaitPosted(const BatchStandIn& stand_in, int batches) {
  for (int i = 0; i < 500 && stand_in.posted() < batches; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_GE(stand_in.posted(), batches);
}

TEST_P(Killed, GoesOnWithItsBatchesAfterTheWait) {
  BatchStandIn stand_in(Says, {.looks = -1});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const std::string judge = Judge(server, GetParam());
  const Ended waited = Again("", judge, {"--batch", "--wait", "0"});
  EXPECT_EQ(waited.code, 130) << waited.output;
  EXPECT_NE(waited.output.find("the same command goes on"), std::string::npos) << waited.output;
  const Ended still = Again("", judge, {"--batch", "--wait", "0.00005"});
  EXPECT_EQ(still.code, 130) << still.output;
  stand_in.Behave([](BatchManners& manners) { manners.looks = 0; });
  const Ended done = Again("", judge);
  EXPECT_EQ(done.code, 0) << done.output;
  EXPECT_EQ(stand_in.posted(), 1);
  EXPECT_EQ(stand_in.single_calls(), 0);
  // Once more is a run of its own.
  EXPECT_EQ(Again("", judge).code, 0);
  EXPECT_EQ(stand_in.posted(), 2);
}

TEST_P(Killed, IsKilledWhileItWaitsAndGoesOn) {
  BatchStandIn stand_in(Says, {.looks = -1});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const std::string judge = Judge(server, GetParam());
  for (const int signal : {SIGKILL, SIGINT, SIGKILL}) {
    const Running running = Start(Words("batch", judge, {"--batch", "--batch-size", "9"}));
    AwaitPosted(stand_in, 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    running.Signal(signal);
    const Ended ended = running.Wait();
    EXPECT_EQ(ended.code, signal == SIGINT ? 130 : 128 + SIGKILL) << ended.output;
  }
  const Ended resumed = Xsweep({"run", "--resume", Run("batch").string()});
  EXPECT_EQ(resumed.code, 2);
  EXPECT_NE(resumed.output.find("xsweep rejudge"), std::string::npos) << resumed.output;
  stand_in.Behave([](BatchManners& manners) { manners.looks = 0; });
  const Ended done = Again("batch", judge, {"--batch", "--batch-size", "9"});
  ASSERT_EQ(done.code, 0) << done.output;
  EXPECT_EQ(stand_in.questions(), static_cast<int>(Rows("batch").size()));
  EXPECT_EQ(Calls("batch"), stand_in.questions());
  ASSERT_EQ(Again("single", judge, {}).code, 0);
  ExpectSame(Bare("batch"), Bare("single"));
  EXPECT_EQ(stand_in.faults(), std::vector<std::string>());
}

TEST_P(Killed, FindsABatchWhosePostingWasCutOff) {
  BatchStandIn stand_in(Says, {.drops = 1});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const Ended ended = Again("batch", Judge(server, GetParam()));
  ASSERT_EQ(ended.code, 0) << ended.output;
  EXPECT_EQ(stand_in.posted(), 1);
  EXPECT_EQ(Calls("batch"), stand_in.questions());
}

/// The note of the id is what a kill between the posting and it would have cost.
TEST_P(Killed, FindsABatchWhoseIdWasNeverNoted) {
  BatchStandIn stand_in(Says, {.looks = -1});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const std::string judge = Judge(server, GetParam());
  ASSERT_EQ(Again("batch", judge, {"--batch", "--wait", "0"}).code, 130);
  const std::string notes = Read("batch", "batches/notes.jsonl");
  ASSERT_NE(notes.find("\"ids\""), std::string::npos) << notes;
  std::ofstream(Run("batch") / "batches/notes.jsonl") << notes.substr(0, notes.find("{\"batch\":1,\"ids\"") + 9);
  stand_in.Behave([](BatchManners& manners) {
    manners.looks = 0;
    manners.other_account = R"({"custom_id":"theirs","result":{"type":"canceled"}})"
                            "\n";
  });
  const Ended done = Again("batch", judge);
  ASSERT_EQ(done.code, 0) << done.output;
  EXPECT_EQ(stand_in.posted(), 1);
  EXPECT_EQ(Calls("batch"), stand_in.questions());
}

/// Cut at every line: whatever had been written down by then, nothing is sent a second time once it was posted.
TEST_P(Killed, GoesOnFromEveryLineOfItsNotes) {
  BatchStandIn stand_in(Says, {.looks = -1});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const std::string judge = Judge(server, GetParam());
  ASSERT_EQ(Again("first", judge, {"--batch", "--wait", "0"}).code, 130);
  stand_in.Behave([](BatchManners& manners) { manners.looks = 0; });
  const std::string notes = Read("first", "batches/notes.jsonl");
  int cut = 0;
  for (std::size_t end = notes.find('\n'); end != std::string::npos; end = notes.find('\n', end + 1)) {
    const std::string id = fmt::format("cut{}", ++cut);
    std::filesystem::copy(Run("first"), Run(id), std::filesystem::copy_options::recursive);
    std::ofstream(Run(id) / "batches/notes.jsonl") << notes.substr(0, end + 1);
    const Ended done = Again(id, judge);
    ASSERT_EQ(done.code, 0) << id << done.output;
    EXPECT_EQ(Bare(id).size(), Rows("a").size());
    EXPECT_EQ(Calls(id), static_cast<std::int64_t>(Rows("a").size()));
  }
  ASSERT_GE(cut, 4);
  // Before "posting" was noted nobody can know, from then on everybody does.
  const int before = GetParam() == std::string("openai") ? 3 : 2;
  EXPECT_EQ(stand_in.posted(), 1 + before);
}

/// What came back before the kill is charged before anything is asked again.
TEST_P(Killed, KeepsALimitWithWhatWasAnsweredBefore) {
  std::atomic<bool> first_batch = true, hung = false;
  std::atomic<int> lines = 0;
  BatchStandIn stand_in([&](const SeenRequest& request) {
    if (first_batch && ++lines % 2 == 0) return ServerReply{.status = 500, .body = ErrorBody("down", "server_error")};
    return Says(request);
  });
  const ModelServer server([&](const SeenRequest& request) {
    hung = first_batch && lines > 0 && request.method == "POST";
    return hung ? ServerReply{.manner = ServerReply::Manner::kHang} : stand_in(request);
  });
  const auto limit = static_cast<std::int64_t>(Rows("a").size()) + 2;
  const auto words = Words("batch", Judge(server, GetParam()),
                           {"--batch", "--set", fmt::format("limits.roles.judge.max_calls={}", limit)});
  const Running running = Start(words);
  for (int i = 0; i < 500 && !hung; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(hung);
  running.Signal(SIGKILL);
  running.Wait();
  const std::string notes = Read("batch", "batches/notes.jsonl");
  const std::size_t answered = notes.find("\"answered\"");
  ASSERT_NE(answered, std::string::npos) << notes;
  std::ofstream(Run("batch") / "batches/notes.jsonl") << notes.substr(0, notes.find('\n', answered) + 1);
  first_batch = false;
  const Ended ended = Xsweep(words);
  EXPECT_EQ(ended.code, 5) << ended.output;
  EXPECT_EQ(Calls("batch"), limit);
  EXPECT_EQ(stand_in.questions(), limit);
}

/// Begun in batches of which none went out, gone on with in single calls: what these were paid for stays.
TEST_P(Killed, KeepsSingleAnswersBesideBatchesThatNeverWentOut) {
  std::atomic<int> answers = 0;
  const ModelServer server([&](const SeenRequest& request) {
    const bool single = request.target.ends_with("/chat/completions") || request.target.ends_with("/messages");
    if (!single || ++answers > 5) return ServerReply{.manner = ServerReply::Manner::kHang};
    return Says(request);
  });
  const std::string judge = Judge(server, GetParam());
  const Running in_batches = Start(Words("batch", judge, {"--batch"}));
  for (int i = 0; i < 500 && server.requests() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  in_batches.Signal(SIGKILL);
  in_batches.Wait();
  const Running single = Start(Words("batch", judge, {"--jobs", "1"}));
  for (int i = 0; i < 500 && answers < 6; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  single.Signal(SIGINT);
  EXPECT_EQ(single.Wait().code, 130);
  ASSERT_TRUE(std::filesystem::exists(Run("batch") / "shards"));
  const Ended again = Again("batch", judge);
  EXPECT_EQ(again.code, 2) << again.output;
  EXPECT_NE(again.output.find("without --batch"), std::string::npos) << again.output;
}

TEST_P(Killed, TwoAtOnceDoNotMix) {
  BatchStandIn stand_in(Says, {.looks = -1});
  const ModelServer server([&](const SeenRequest& request) { return stand_in(request); });
  const std::string judge = Judge(server, GetParam());
  const Running running = Start(Words("batch", judge, {"--batch"}));
  AwaitPosted(stand_in, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const Ended second = Again("batch", judge);
  EXPECT_EQ(second.code, 2) << second.output;
  EXPECT_NE(second.output.find("another process"), std::string::npos) << second.output;
  stand_in.Behave([](BatchManners& manners) { manners.looks = 0; });
  const Ended first = running.Wait();
  EXPECT_EQ(first.code, 0) << first.output;
  EXPECT_EQ(stand_in.posted(), 1);
}

}  // namespace
}  // namespace xsweep::testing
