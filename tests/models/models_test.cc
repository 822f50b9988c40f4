// What the models of a run promise end to end: live against a server, recorded, replayed, scripted, priced.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "models/shelf.h"
#include "support/changed.h"
#include "support/model_server.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::ModelServer;
using ::testing::Not;
using testing::SeenRequest;
using testing::ServerReply;

constexpr const char* kKey = "sk-canary/4f9d+27aa-very-secret";

class ModelsOfARun : public ::testing::Test {
 protected:
  void SetUp() override { setenv("XSWEEP_TEST_KEY", kKey, 1); }
  void TearDown() override {
    unsetenv("XSWEEP_TEST_KEY");
    std::filesystem::remove(path_);
  }

  Json Options(const ModelServer& server, std::initializer_list<Json::Member> more = {}) {
    Json options = Json::MakeObject(
        {{"model", "tiny"}, {"base_url", server.Url("/v1")}, {"api_key_env", "XSWEEP_TEST_KEY"}, {"max_retries", 0}});
    for (const auto& [name, value] : more) options.Set(name, value);
    return options;
  }
  ModelRequest Ask(std::string text, std::uint32_t turn = 0, std::uint32_t trial = 0) {
    ModelRequest request;
    request.identity = {"base", "7", 41, trial, Role::kAgent, turn};
    request.system = "Follow the policy.";
    for (std::uint32_t i = 0; i <= turn; ++i) {
      Message message;
      message.text = text + std::to_string(i);
      request.messages.push_back(message);
    }
    return request;
  }
  Expected<ModelReply> Complete(Model& model, const ModelRequest& request) {
    return loop_->Run(model.Complete(request));
  }

  /// The lines of the log.
  std::string Kept() const {
    std::string text;
    const auto file = LineFile::Open(path_);
    EXPECT_TRUE(file->ForEachLine([&](std::string_view line, const LineFile::Place&) -> Status {
      text.append(line).append("\n");
      return {};
    }));
    return text;
  }

  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_ = *IoLoop::Create(clock_);
  Http http_{*loop_};
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / (std::string("xsweep_models_test_") + std::to_string(getpid()));
};

TEST_F(ModelsOfARun, SpeakToAnOpenAiServer) {
  SeenRequest seen;
  ModelServer server([&](const SeenRequest& request) {
    seen = request;
    return ServerReply{.body = testing::ChatCallBody("refund", R"({"amount":3})")};
  });
  ModelShelf shelf({.http = &http_});
  const auto reply =
      Complete(**shelf.Get("openai", Options(server, {{"price", Json::MakeObject({{"input", 1.0}, {"output", 2.0}})}})),
               Ask("a"));
  ASSERT_TRUE(reply.has_value()) << reply.error().Text();
  EXPECT_EQ(seen.target, "/v1/chat/completions");
  EXPECT_EQ(seen.Header("authorization"), std::string("Bearer ") + kKey);
  EXPECT_EQ(reply->calls[0].name, "refund");
  EXPECT_EQ(reply->usage, (Usage{1, 10, 5, 20'000, true}));
}

TEST_F(ModelsOfARun, SpeakToAnAnthropicServer) {
  SeenRequest seen;
  ModelServer server([&](const SeenRequest& request) {
    seen = request;
    return ServerReply{.body =
                           R"({"content":[{"type":"text","text":"hi"}],"usage":{"input_tokens":1,"output_tokens":1}})"};
  });
  ModelShelf shelf({.http = &http_});
  EXPECT_EQ(Complete(**shelf.Get("anthropic", Options(server)), Ask("a"))->text, "hi");
  EXPECT_EQ(seen.target, "/v1/messages");
  EXPECT_EQ(seen.Header("x-api-key"), kKey);
  EXPECT_EQ(seen.Header("anthropic-version"), "2023-06-01");
}

/// As gzip packs it (RFC 1952), in one block that is stored as it is.
std::string Gzipped(const std::string& text) {
  std::uint32_t crc = ~0U;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ (0xEDB88320U & (0U - (crc & 1U)));
  }
  std::string packed("\x1F\x8B\x08\0\0\0\0\0\0\x03\x01", 11);
  const auto append = [&](std::uint32_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) packed += static_cast<char>(number >> (8U * static_cast<unsigned>(i)));
  };
  const auto size = static_cast<std::uint32_t>(text.size());
  append(size, 2);
  append(~size, 2);
  packed += text;
  append(~crc, 4);
  append(size, 4);
  return packed;
}

TEST_F(ModelsOfARun, ReadWhatAProxyPackedAndSaidNothingOf) {
  ModelServer server([](const SeenRequest& request) {
    if (request.number == 0)
      return ServerReply{.body = Gzipped(testing::ChatBody("hi " + std::string(request.Header("authorization"))))};
    return ServerReply{.status = 400,
                       .body = Gzipped(testing::ErrorBody("bad key " + std::string(request.Header("authorization"))))};
  });
  ModelShelf shelf({.http = &http_});
  Model& model = **shelf.Get("openai", Options(server));
  EXPECT_EQ(Complete(model, Ask("a"))->text, "hi Bearer [secret]");
  const auto refused = Complete(model, Ask("b"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().Text(), HasSubstr("bad key Bearer [secret]"));
}

TEST_F(ModelsOfARun, ShowNoKeyEvenWhenTheServerEchoesIt) {
  ModelServer server([](const SeenRequest& request) {
    if (request.number == 0) return testing::EchoHeaders(request);
    const std::string key(request.Header("authorization"));
    if (request.number == 1) return ServerReply{.status = 401, .body = testing::ErrorBody("bad key " + key)};
    return ServerReply{.body = testing::ChatCallBody("f", "{\"k\":\"\\u0073" + key.substr(8) + "\"}")};
  });
  const auto log = *ExchangeLog::Open(RealDisk(), path_);
  ModelShelf shelf({.http = &http_, .log = log.get()});
  Model& model = **shelf.Get("openai", Options(server));
  EXPECT_THAT(Complete(model, Ask("a"))->text, HasSubstr("Bearer [secret]"));
  const Error refused = Complete(model, Ask("b", 1)).error();
  EXPECT_THAT(refused.message, HasSubstr("401 (error): bad key Bearer [secret]"));
  EXPECT_THAT(refused.message, HasSubstr("api_key_env"));
  EXPECT_EQ(Complete(model, Ask("c", 2))->calls[0].arguments.Dump(), R"({"k":"[secret]"})");
  const std::string kept = Kept();
  EXPECT_THAT(kept, HasSubstr("Follow the policy."));
  EXPECT_THAT(kept, Not(HasSubstr("very-secret")));
}

TEST_F(ModelsOfARun, TurnEveryMisbehaviourIntoAnErrorOfTheEpisode) {
  using Manner = ServerReply::Manner;
  const ServerReply replies[] = {
      {.body = "not json"},
      {.body = R"({"choices":[]})"},
      {.status = 500, .body = "oops"},
      {.status = 429, .body = testing::ErrorBody("quota", "insufficient_quota")},
      {.body = testing::ChatBody("hi"), .manner = Manner::kDrop},
      {.body = testing::ChatBody("hi"), .manner = Manner::kDropMidway},
      {.manner = Manner::kEndless},
      {.manner = Manner::kHang},
      {.body = testing::ChatBody("hi"), .manner = Manner::kTrickle},
  };
  std::atomic<std::size_t> current = 0;  // not the request's number: libcurl sends again what a stale connection lost
  ModelServer server([&](const SeenRequest&) { return replies[current]; });
  ModelShelf shelf({.http = &http_});
  Model& model = **shelf.Get("openai", Options(server, {{"first_byte_seconds", 0.2}, {"total_seconds", 0.4}}));
  for (std::uint32_t i = 0; i < std::size(replies); ++i) {
    current = i;
    const auto reply = Complete(model, Ask("a", 0, i));
    ASSERT_FALSE(reply.has_value()) << i;
    EXPECT_EQ(reply.error().kind, ErrorKind::kEpisode) << i << reply.error().Text();
    EXPECT_THAT(reply.error().Text(), HasSubstr("/v1/chat/completions")) << i;
  }
}

TEST_F(ModelsOfARun, AreRefusedWithoutAKeyAndWithUnknownOptions) {
  ModelServer server([](const SeenRequest&) { return ServerReply{}; });
  ModelShelf shelf({.http = &http_});
  unsetenv("XSWEEP_TEST_KEY");
  const auto keyless = shelf.Get("openai", Options(server));
  ASSERT_FALSE(keyless.has_value());
  EXPECT_EQ(keyless.error().kind, ErrorKind::kUser);
  EXPECT_THAT(keyless.error().message, HasSubstr("XSWEEP_TEST_KEY"));
  EXPECT_TRUE(shelf.Get("openai", Options(server, {{"api_key_env", ""}})).has_value());
  EXPECT_EQ(shelf.Get("openai", Options(server, {{"temprature", 1}})).error().kind, ErrorKind::kUser);
  EXPECT_EQ(shelf.Get("opnai", Options(server)).error().kind, ErrorKind::kUser);
  EXPECT_EQ(shelf.Get("openai", Options(server, {{"base_url", "ftp://x"}})).error().kind, ErrorKind::kUser);
}

TEST_F(ModelsOfARun, ReplayWhatWasRecordedWithNoServer) {
  std::vector<Expected<ModelReply>> live;
  auto options = Json();
  {
    ModelServer server([&](const SeenRequest& request) {
      if (request.number == 3) return ServerReply{.status = 400, .body = testing::ErrorBody("too long")};
      return ServerReply{.body = testing::ChatBody("answer " + std::to_string(request.number))};
    });
    options = Options(server);
    const auto log = *ExchangeLog::Open(RealDisk(), path_);
    ModelShelf shelf({.http = &http_, .log = log.get()});
    Model& model = **shelf.Get("openai", options);
    // Two trials ask the very same questions: repeats stay distinct.
    for (const std::uint32_t trial : {0U, 1U}) {
      for (const std::uint32_t turn : {0U, 1U, 2U}) live.push_back(Complete(model, Ask("q", turn, trial)));
    }
  }
  unsetenv("XSWEEP_TEST_KEY");
  ModelShelf shelf({.replay = *Recording::Open({path_})});
  Model& model = **shelf.Get("openai", options);
  std::size_t i = 0;
  for (const std::uint32_t trial : {0U, 1U}) {
    for (const std::uint32_t turn : {0U, 1U, 2U}) {
      const auto replayed = RunNow(model.Complete(Ask("q", turn, trial)));
      ASSERT_EQ(replayed.has_value(), live[i].has_value());
      if (replayed) {
        EXPECT_EQ(replayed->text, live[i]->text);
        EXPECT_EQ(replayed->usage, live[i]->usage);
      } else {
        EXPECT_EQ(replayed.error(), live[i].error());
      }
      ++i;
    }
  }
}

TEST_F(ModelsOfARun, AnswerNothingStaleAndSayWhatDiffers) {
  ModelServer server([](const SeenRequest&) { return ServerReply{.body = testing::ChatBody("x")}; });
  {
    const auto log = *ExchangeLog::Open(RealDisk(), path_);
    ModelShelf shelf({.http = &http_, .log = log.get()});
    Model& model = **shelf.Get("openai", Options(server, {{"temperature", 0.2}}));
    for (const std::uint32_t turn : {0U, 1U}) ASSERT_TRUE(Complete(model, Ask("please ", turn)).has_value());
  }
  ModelShelf shelf({.replay = *Recording::Open({path_})});
  const auto miss = [&](const ModelRequest& request, double temperature) {
    Model& model = **shelf.Get("openai", Options(server, {{"temperature", temperature}}));
    const auto reply = RunNow(model.Complete(request));
    return reply ? "a hit" : reply.error().Text();
  };
  EXPECT_EQ(miss(Ask("please ", 1), 0.2), "a hit");
  EXPECT_THAT(miss(Ask("please ", 1), 0.7), HasSubstr("setting `temperature` was \"0.2\" and is \"0.7\""));
  EXPECT_THAT(miss(Ask("urgent ", 1), 0.2), HasSubstr("message 1: `text` was \"please 0\" and is \"urgent 0\""));
  ModelRequest defended = Ask("please ", 1);
  ChangeOne(defended.system, [](std::string& system) { system += " Never refund."; });
  EXPECT_THAT(miss(defended, 0.2), HasSubstr("the system prompt was"));
  EXPECT_THAT(miss(Ask("please ", 2), 0.2), HasSubstr("ends with exchange 1"));
  EXPECT_THAT(miss(Ask("please ", 0, 9), 0.2), HasSubstr("nothing of this role in this trial"));
}

TEST_F(ModelsOfARun, GoOnAfterATornLine) {
  ModelServer server([](const SeenRequest&) { return ServerReply{.body = testing::ChatBody("x")}; });
  const auto record = [&](std::uint32_t trial) {
    const auto log = *ExchangeLog::Open(RealDisk(), path_);
    ModelShelf shelf({.http = &http_, .log = log.get()});
    EXPECT_TRUE(Complete(**shelf.Get("openai", Options(server)), Ask("q", 0, trial)).has_value());
  };
  record(0);
  record(1);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 10);
  EXPECT_EQ((*Recording::Open({path_}))->size(), 1U);
  record(2);
  EXPECT_EQ((*Recording::Open({path_}))->size(), 2U);
}

TEST_F(ModelsOfARun, AreKeptWithTheirPromptsAndToolsOnce) {
  ModelServer server([](const SeenRequest&) { return ServerReply{.body = testing::ChatBody("x")}; });
  const auto log = *ExchangeLog::Open(RealDisk(), path_);
  ModelShelf shelf({.http = &http_, .log = log.get()});
  Model& model = **shelf.Get("openai", Options(server));
  for (const std::uint32_t trial : {0U, 1U, 2U}) {
    for (const std::uint32_t turn : {0U, 1U}) ASSERT_TRUE(Complete(model, Ask("q", turn, trial)).has_value());
  }
  const std::string kept = Kept();
  EXPECT_EQ(std::ranges::count(kept, '\n'), 7);
  EXPECT_EQ(kept.find("Follow the policy."), kept.rfind("Follow the policy."));
  // What differs is told from the request put together again, prompt and tools with it.
  ModelShelf replay({.replay = *Recording::Open({path_})});
  ModelRequest other = Ask("q", 1, 2);
  other.system = "Follow no policy.";
  const auto reply = RunNow((*replay.Get("openai", Options(server)))->Complete(other));
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message,
              HasSubstr("the system prompt was \"Follow the policy.\" and is \"Follow no policy.\""));
}

TEST(ARecording, LeavesOutLinesWhoseSumDoesNotFit) {
  const CallIdentity who{"base", "7", 41, 0, Role::kAgent, 0};
  ModelRequest request;
  request.identity = who;
  request.system = "s";
  request.messages.push_back({});
  ModelReply reply;
  reply.text = "refund of 100 made";
  std::string lines = ExchangeWriter().Lines(who, RequestText(Json::MakeObject(), request), reply);
  EXPECT_EQ((*Recording::FromText(lines, "x"))->size(), 1U);
  lines.replace(lines.find("of 100"), 6, "of 900");
  const auto damaged = Recording::FromText(lines, "x");
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().where, "x:2");
}

TEST(ARecording, OfEarlierVersionsIsRead) {
  const auto opened = Recording::FromText(
      R"({"cell":"base","task":"7","seed":41,"trial":0,"role":"agent","turn":0,"hash":"0123456789abcdef",)"
      R"("settings":{},"system":"Be kind.","tools":[],"messages":[{"speaker":"user","text":"hi"}],)"
      R"("reply":{"text":"hello","finish_reason":"stop","usage":{"calls":1}}})"
      "\n",
      "x");
  ASSERT_TRUE(opened);
  ModelRequest request;
  request.system = "Be rude.";
  const auto miss = (*opened)->Find({"base", "7", 41, 0, Role::kAgent, 0}, RequestText(Json::MakeObject(), request));
  ASSERT_FALSE(miss);
  EXPECT_THAT(miss.error().message, HasSubstr("the system prompt was \"Be kind.\" and is \"Be rude.\""));
}

TEST_F(ModelsOfARun, FollowAScript) {
  const Json rules = *Json::Parse(R"([
    {"speaker":"tool","contains":["refund","ok"],"text":"It is done."},
    {"contains":"money","calls":[{"name":"refund","arguments":{"amount":10}}]},
    {"turn":5,"error":"the model is tired"}])");
  ModelShelf shelf({});
  Model& model = **shelf.Get("scripted", Json::MakeObject({{"rules", rules}, {"fallback", "Pardon?"}}));
  EXPECT_EQ(RunNow(model.Complete(Ask("I want money ")))->calls[0].name, "refund");
  EXPECT_EQ(RunNow(model.Complete(Ask("hello")))->text, "Pardon?");
  EXPECT_EQ(RunNow(model.Complete(Ask("hello", 5))).error().message, "the model is tired");
  ModelRequest after_tool = Ask("x");
  after_tool.messages.back().speaker = Speaker::kTool;
  after_tool.messages.back().text = "refund: ok";
  EXPECT_EQ(RunNow(model.Complete(after_tool))->text, "It is done.");
  for (const char* bad : {R"([1])", R"([{"speker":"tool"}])", R"([{"speaker":"dog"}])", R"([{"calls":{}}])",
                          R"([{"calls":[{}]}])", R"([{"contains":1}])", R"([{"turn":"x"}])"}) {
    const auto refused = shelf.Get("scripted", Json::MakeObject({{"rules", *Json::Parse(bad)}}));
    ASSERT_FALSE(refused.has_value()) << bad;
    EXPECT_THAT(refused.error().where, HasSubstr("rule 1")) << bad;
  }
}

TEST(APrice, IsCountedInWholeNanoDollars) {
  const auto price = ReadPrice(*Json::Parse(R"({"input":0.15,"output":0.6})"), "price");
  EXPECT_EQ(price->CostNanoUsd(1000, 100), 150'000 + 60'000);
  for (const char* bad : {"[]", "1", R"({"input":1})", R"({"input":-1,"output":1})",
                          R"({"input":1,"output":1,"cached":1})", R"({"input":"1","output":1})"}) {
    EXPECT_EQ(ReadPrice(*Json::Parse(bad), "price").error().kind, ErrorKind::kUser) << bad;
  }
}

TEST(ARequestAsText, IsTheSameJsonAsItsTree) {
  ModelRequest request;
  request.system = "be \"brief\"\n";
  request.tools =
      std::vector<ToolSchema>{{"refund", "Pays \t back.", *Json::Parse(R"({"type":"object","properties":{"a":1.50}})")},
                              {"ping", "", Json::MakeObject()}};
  const Json settings = Json::MakeObject({{"model", "m"}, {"temperature", 0.25}});
  Json messages = Json::MakeArray();
  EXPECT_EQ(RequestText(settings, request).MessagesFrom(0), "[]");
  for (const Speaker speaker : {Speaker::kUser, Speaker::kAgent, Speaker::kTool}) {
    Message& message = request.messages.emplace_back();
    message.speaker = speaker;
    message.text = "\xF0\x9F\x98\x80 {braces}";
    message.reasoning = "never sent";
    Json tree =
        Json::MakeObject({{"speaker", std::array{"system", "user", "agent", "tool"}[static_cast<std::size_t>(speaker)]},
                          {"text", message.text}});
    if (speaker == Speaker::kAgent) {
      message.calls = {{"1", "refund", *Json::Parse(R"({"x":[1,2.0,null]})")}, {"2", "ping", Json("not an object")}};
      tree.Set("calls", *Json::Parse(R"([{"id":"1","name":"refund","arguments":{"x":[1,2.0,null]}},)"
                                     R"({"id":"2","name":"ping","arguments":"not an object"}])"));
    }
    if (speaker == Speaker::kTool) {
      message.call_id = "1";
      message.error = true;
      tree.Set("call_id", "1");
      tree.Set("error", true);
    }
    messages.Append(std::move(tree));
  }
  const RequestText text(settings, request);
  const Json tools = *Json::Parse(R"([{"name":"refund","description":"Pays \t back.","parameters":)"
                                  R"({"type":"object","properties":{"a":1.50}}},{"name":"ping","description":"",)"
                                  R"("parameters":{}}])");
  const Json tree =
      Json::MakeObject({{"settings", settings}, {"system", *request.system}, {"tools", tools}, {"messages", messages}});
  EXPECT_EQ(text.text(), tree.Dump());
  EXPECT_EQ(text.messages(), 3U);
  EXPECT_EQ(text.message(1), messages.items()[1].Dump());
  EXPECT_EQ(text.MessagesFrom(1), Json::MakeArray({messages.items()[1], messages.items()[2]}).Dump());
  EXPECT_EQ(text.MessagesFrom(3), "[]");
  RequestWriter writer(settings);
  EXPECT_EQ(writer.Write(request).text(), tree.Dump());
  EXPECT_EQ(writer.Write(request).text(), tree.Dump());
}

TEST(ToolsKeptAsText, FollowEveryChange) {
  RequestWriter writer{Json::MakeObject()};
  ModelRequest request;
  for (int round = 0; round < 20; ++round) {
    const Json parameters = Json::MakeObject({{"type", "object"}, {"round", round}});
    request.tools = std::vector<ToolSchema>{{"a", "One.", parameters}};
    const auto check = [&] {
      EXPECT_EQ(writer.Write(request).text(), RequestText(Json::MakeObject(), request).text());
    };
    check();
    ChangeOne(request.tools, [](auto& tools) { tools[0].description += " Poisoned."; });
    check();
    ChangeOne(request.tools, [&](auto& tools) { tools.push_back({"b", "Two.", parameters}); });
    check();
    ChangeOne(request.tools, [&](auto& tools) { tools[1].parameters.Set("round", -round); });
    check();
    ChangeOne(request.tools, [](auto& tools) { std::swap(tools[0], tools[1]); });
    check();
  }
}

TEST(ARecording, NamesTheLineThatIsNoExchange) {
  const auto opened = Recording::FromText("{\"cell\":1}\n", "x.jsonl");
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().where, "x.jsonl:1");
}

/// What is left of the last line of a damaged frame may be nothing: that is no mistake of whoever replays.
TEST(ARecording, CallsALineDamagedThatIsNoJson) {
  for (const char* text : {"", "{\"cell\":", "zz"}) {
    const auto opened = Recording::FromText(std::string(text) + "\n", "x.jsonl");
    ASSERT_FALSE(opened.has_value()) << text;
    EXPECT_EQ(opened.error().kind, ErrorKind::kWorld) << text;
    EXPECT_NE(opened.error().message.find("damaged"), std::string::npos) << opened.error().message;
  }
}

TEST(ARecording, SaysWhatItLeftOutToGoOn) {
  const TempDir scratch;
  const std::filesystem::path path = scratch / "0.exchanges";
  std::ofstream(path) << "zz\n";
  EXPECT_TRUE((*Recording::OpenSound({path}))->damage().contains("0.exchanges:1: 1 line of exchanges is damaged"));
  std::ofstream(path, std::ios::app) << "zz\n";
  EXPECT_TRUE((*Recording::OpenSound({path}))->damage().contains("0.exchanges:1: 2 lines of exchanges are damaged"));
}

}  // namespace
}  // namespace xsweep
