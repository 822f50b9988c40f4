// What the I/O loop and HTTP promise: waiting without threads, errors instead of hangs, keys that do not come back.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "net/client/http_pieces.h"
#include "net/io_loop.h"
#include "support/model_server.h"

namespace xsweep {
namespace {

using namespace std::chrono_literals;
using testing::ModelServer;
using testing::SeenRequest;
using testing::ServerReply;
using Manner = ServerReply::Manner;
using ::testing::HasSubstr;
using ::testing::Not;

class AnIoLoop : public ::testing::Test {
 protected:
  HeldClock clock_;
  std::unique_ptr<IoLoop> loop_ = *IoLoop::Create(clock_);
};

Async<int> SleepThenNote(IoLoop& loop, std::chrono::seconds pause, int name, std::vector<int>& order) {
  Status slept = co_await loop.Sleep(pause);
  order.push_back(slept ? name : -name);
  co_return name;
}

TEST_F(AnIoLoop, WakesSleepersInOrderOfTimeAndJumpsOverIdleTime) {
  std::vector<int> order;
  for (const int seconds : {300, 100, 200}) {
    loop_->Spawn(SleepThenNote(*loop_, std::chrono::seconds(seconds), seconds, order), [](int) {});
  }
  loop_->RunSpawned();
  EXPECT_EQ(order, (std::vector<int>{100, 200, 300}));
  EXPECT_EQ(clock_.Now() - SteadyTime{}, 300s);
}

TEST_F(AnIoLoop, ResumesEveryWaitingCoroutineWithAnErrorWhenItIsStopped) {
  std::vector<int> order;
  for (const int name : {1, 2, 3}) loop_->Spawn(SleepThenNote(*loop_, 1h, name, order), [](int) {});
  loop_->RequestStop();
  loop_->RunSpawned();
  EXPECT_EQ(order, (std::vector<int>{-1, -2, -3}));
  EXPECT_EQ(loop_->Run(loop_->Sleep(1s)).error().kind, ErrorKind::kInterrupted);
}

TEST_F(AnIoLoop, RunsWhatOtherThreadsPost) {
  Wait posted(*loop_);
  std::thread other([&] { loop_->Post([&] { posted.Wake(); }); });
  const auto wait = [](Wait& turn) -> Async<bool> {
    Status status = co_await turn;
    co_return status.has_value();
  };
  EXPECT_TRUE(loop_->Run(wait(posted)));
  other.join();
}

TEST_F(AnIoLoop, ForgetsACoroutineThatIsDestroyedWhileItWaits) {
  std::vector<int> order;
  {
    auto abandoned = SleepThenNote(*loop_, 1s, 1, order);
    abandoned.Start();
  }
  loop_->Run(SleepThenNote(*loop_, 5s, 2, order));
  EXPECT_EQ(order, (std::vector<int>{2}));
}

class Calls : public ::testing::Test {
 protected:
  std::expected<HttpResponse, HttpError> Get(const ModelServer& server) { return Send({.url = server.Url("/x")}); }
  std::expected<HttpResponse, HttpError> Send(HttpRequest request) {
    return loop_->Run(http_.Call(std::move(request)));
  }
  HttpError Failure(ServerReply reply, HttpTimeouts timeouts = {}) {
    ModelServer server([&](const SeenRequest&) { return reply; });
    auto result = Send({.url = server.Url(), .timeouts = timeouts, .max_response_bytes = 100'000});
    return result ? HttpError{HttpFailure::kRefused, {ErrorKind::kInternal, "it was answered", {}}} : result.error();
  }

  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_ = *IoLoop::Create(clock_);
  Http http_{*loop_};
};

TEST_F(Calls, CarryMethodHeadersAndBodyBothWays) {
  SeenRequest seen;
  ModelServer server([&](const SeenRequest& request) {
    seen = request;
    return ServerReply{.status = 418, .headers = {{"X-Kettle", "on"}}, .body = "short and stout"};
  });
  const auto response =
      Send({.method = "PUT", .url = server.Url("/pot?size=2"), .headers = {{"X-Sugar", "two"}}, .body = "water"});
  ASSERT_TRUE(response.has_value()) << response.error().error.Text();
  EXPECT_EQ(response->status, 418);
  EXPECT_EQ(response->body, "short and stout");
  ASSERT_NE(response->Header("x-kettle"), nullptr);
  EXPECT_EQ(*response->Header("x-kettle"), "on");
  EXPECT_EQ(seen.method + " " + seen.target, "PUT /pot?size=2");
  EXPECT_EQ(seen.Header("x-sugar"), "two");
  EXPECT_EQ(seen.body, "water");
}

TEST_F(Calls, SendTheBytesOfAFile) {
  const auto path = std::filesystem::temp_directory_path() / "xsweep_http_test_body";
  std::string bytes(200'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  std::ofstream(path, std::ios::binary) << bytes;
  SeenRequest seen;
  ModelServer server([&](const SeenRequest& request) {
    seen = request;
    return ServerReply{};
  });
  EXPECT_TRUE(Send({.method = "PUT", .url = server.Url("/object"), .body_file = path}).has_value());
  EXPECT_EQ(seen.body, bytes);
  std::filesystem::remove(path);
  EXPECT_EQ(Send({.method = "PUT", .url = server.Url(), .body_file = path}).error().failure, HttpFailure::kRefused);
}

TEST_F(Calls, AreSignedForAmazonWhenAsked) {
  SeenRequest seen;
  ModelServer server([&](const SeenRequest& request) {
    seen = request;
    return ServerReply{.body = "secret-key-of-the-test"};
  });
  const auto response = Send(
      {.method = "PUT",
       .url = server.Url("/bucket/key"),
       .body = "hello",
       .sigv4 = SigV4{
           .region = "eu-central-1", .access_key_id = "AKIDEXAMPLE", .secret_key = Secret("secret-key-of-the-test")}});
  ASSERT_TRUE(response.has_value());
  EXPECT_THAT(std::string(seen.Header("authorization")), HasSubstr("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
  EXPECT_THAT(std::string(seen.Header("authorization")), HasSubstr("/eu-central-1/s3/aws4_request"));
  EXPECT_EQ(response->body, "[secret]");
}

TEST_F(Calls, ReuseOneConnection) {
  ModelServer server([](const SeenRequest&) { return ServerReply{.body = "ok"}; });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Get(server).has_value());
  EXPECT_EQ(server.requests(), 20);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(Calls, KeepTheirConnectionsBetweenTwoBursts) {
  ModelServer server([](const SeenRequest&) { return ServerReply{.body = "ok", .latency = 20ms}; });
  constexpr int kAtOnce = 300;
  for (int burst = 0; burst < 3; ++burst) {
    for (int i = 0; i < kAtOnce; ++i) {
      loop_->Spawn(http_.Call({.url = server.Url()}),
                   [](const std::expected<HttpResponse, HttpError>& result) { EXPECT_TRUE(result.has_value()); });
    }
    loop_->RunSpawned();
    EXPECT_TRUE(Get(server).has_value());
  }
  EXPECT_EQ(server.connections(), kAtOnce);
}

TEST_F(Calls, FindOutThatAServerHasClosedARestingConnection) {
  auto first = std::make_unique<ModelServer>([](const SeenRequest&) { return ServerReply{.body = "first"}; });
  const int port = first->port();
  const std::string url = first->Url();
  EXPECT_EQ(Send({.url = url})->body, "first");
  first.reset();
  loop_->Run(loop_->Sleep(20ms));
  EXPECT_EQ(Send({.url = url}).error().failure, HttpFailure::kConnect);
  const ModelServer second([](const SeenRequest&) { return ServerReply{.body = "second"}; }, port);
  ASSERT_EQ(second.port(), port);
  EXPECT_EQ(Send({.url = url})->body, "second");
}

// Handles are used again as they were set up, which must not show.
TEST_F(Calls, CarryNothingOverFromTheCallBefore) {
  std::string seen;
  ModelServer server([&](const SeenRequest& request) {
    seen = request.method + " " + request.target + " " + request.body;
    for (const char* name : {"authorization", "x-one", "content-type"}) {
      if (const auto value = request.Header(name); !value.empty()) seen += std::string(" ") += value;
    }
    return ServerReply{.latency = request.target == "/slow" ? 5s : 0s};
  });
  const Secret one("key-number-one");
  const Secret two("key-number-two");
  const auto post = [&](std::string path, std::string body, std::vector<HttpHeader> headers,
                        std::vector<SecretHeader> secrets) {
    const auto sent = Send({.method = "POST",
                            .url = server.Url(path),
                            .headers = std::move(headers),
                            .secret_headers = std::move(secrets),
                            .body = std::move(body)});
    EXPECT_TRUE(sent.has_value());
    return std::exchange(seen, "nothing arrived");
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(post("/a", "long body", {{"X-One", "1"}}, {{"Authorization", "", one}}),
              "POST /a long body key-number-one 1");
    EXPECT_EQ(post("/a", "body", {{"X-One", "1"}}, {{"Authorization", "", one}}), "POST /a body key-number-one 1");
    EXPECT_EQ(post("/a", "", {{"X-One", "1"}}, {{"Authorization", "", one}}), "POST /a  key-number-one 1");
    EXPECT_EQ(post("/a", "body", {{"X-One", "2"}}, {{"Authorization", "", one}}), "POST /a body key-number-one 2");
    EXPECT_EQ(post("/a", "body", {{"X-One", "2"}}, {{"Authorization", "", two}}), "POST /a body key-number-two 2");
    EXPECT_EQ(post("/a", "body", {{"X-One", "2"}}, {}), "POST /a body 2");
    EXPECT_EQ(post("/b", "body", {}, {}), "POST /b body");
    EXPECT_EQ(post("/b", "{}", {{"Content-Type", "application/json"}}, {}), "POST /b {} application/json");
    ASSERT_TRUE(Send({.url = server.Url("/c")}).has_value());
    EXPECT_EQ(std::exchange(seen, "nothing arrived"), "GET /c ");
    const auto hurried = Send({.method = "POST", .url = server.Url("/slow"), .timeouts = {.total = 50ms}});
    EXPECT_EQ(hurried.error().failure, HttpFailure::kTimeout);
  }
}

TEST_F(Calls, AreSentAndAnsweredWhileTheLoopIsBusy) {
  ModelServer server([](const SeenRequest&) { return ServerReply{.body = "ok"}; });
  ASSERT_TRUE(Get(server).has_value());
  bool answered = false;
  loop_->Spawn(http_.Call({.url = server.Url()}),
               [&](const std::expected<HttpResponse, HttpError>& result) { answered = result.has_value(); });
  const auto patience = std::chrono::steady_clock::now() + 10s;
  while (server.requests() < 2 && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_EQ(server.requests(), 2) << "nothing was sent while this thread did other work";
  loop_->RunSpawned();
  EXPECT_TRUE(answered);
}

TEST_F(Calls, MayBeGivenUpAtAnyMoment) {
  ModelServer server([](const SeenRequest& request) {
    return ServerReply{.body = "ok", .latency = std::chrono::milliseconds(request.number % 3)};
  });
  for (int i = 0; i < 200; ++i) {
    auto abandoned = http_.Call({.url = server.Url()});
    abandoned.Start();
    loop_->Run(loop_->Sleep(std::chrono::microseconds(i * 20)));
  }
  EXPECT_EQ(Get(server)->body, "ok");
}

TEST_F(Calls, AreNotMadeOnceGivenUpWhileTheirNameIsLookedFor) {
  ModelServer server([](const SeenRequest&) { return ServerReply{.body = "ok", .latency = 50ms}; });
  const std::string url = "http://localhost:" + std::to_string(server.port());
  loop_->Spawn(http_.Call({.url = url}),
               [](const std::expected<HttpResponse, HttpError>& answer) { EXPECT_TRUE(answer.has_value()); });
  {
    auto given_up = http_.Call({.url = url});
    given_up.Start();
  }
  loop_->RunSpawned();
  loop_->Run(loop_->Sleep(100ms));
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(Calls, DoNotFollowRedirects) {
  ModelServer server([](const SeenRequest&) { return ServerReply{.status = 302, .headers = {{"Location", "/y"}}}; });
  EXPECT_EQ(Get(server)->status, 302);
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(Calls, RefuseOtherSchemesAndKeysInAddresses) {
  for (const char* url : {"file:///etc/passwd", "ftp://localhost/", "gopher://x", "", "http//x", "localhost:80"}) {
    EXPECT_EQ(Send({.url = url}).error().failure, HttpFailure::kRefused) << url;
  }
  const HttpError error = Send({.url = "http://me:hunter2hunter2@127.0.0.1/"}).error();
  EXPECT_EQ(error.failure, HttpFailure::kRefused);
  EXPECT_THAT(error.error.Text(), Not(HasSubstr("hunter2")));
  EXPECT_EQ(Send({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nHost: evil"}}}).error().failure,
            HttpFailure::kRefused);
}

TEST_F(Calls, NameWhatWentWrong) {
  EXPECT_EQ(Send({.url = "http://127.0.0.1:1/"}).error().failure, HttpFailure::kConnect);
  EXPECT_EQ(Failure({.manner = Manner::kDrop}).failure, HttpFailure::kBroken);
  EXPECT_EQ(Failure({.body = "twelve bytes", .manner = Manner::kDropMidway}).failure, HttpFailure::kBroken);
  EXPECT_EQ(Failure({.body = "hello, this is not HTTP\r\n", .manner = Manner::kNotHttp}).failure, HttpFailure::kBroken);
  EXPECT_EQ(Failure({.manner = Manner::kEndless}).failure, HttpFailure::kTooLarge);
  EXPECT_EQ(Failure({.body = std::string(100'001, 'x')}).failure, HttpFailure::kTooLarge);
}

TEST_F(Calls, TimeOutOnTheFirstByteAndOnTheWhole) {
  const HttpError silent = Failure({.manner = Manner::kHang}, {.first_byte = 30ms});
  EXPECT_EQ(silent.failure, HttpFailure::kTimeout);
  EXPECT_THAT(silent.error.message, HasSubstr("no answer began within 30 ms"));
  const HttpError slow = Failure({.body = std::string(1000, 'x'), .manner = Manner::kTrickle}, {.total = 60ms});
  EXPECT_EQ(slow.failure, HttpFailure::kTimeout);
  EXPECT_THAT(slow.error.message, HasSubstr("not complete within 60 ms"));
}

TEST_F(Calls, AreNotHeldUpByAServerThatHangs) {
  ModelServer hanging([](const SeenRequest&) { return ServerReply{.manner = Manner::kHang}; });
  ModelServer prompt([](const SeenRequest&) { return ServerReply{.body = "here"}; });
  auto stuck = http_.Call({.url = hanging.Url()});
  stuck.Start();
  EXPECT_EQ(Get(prompt)->body, "here");
  EXPECT_FALSE(stuck.done());
}

TEST_F(Calls, EndAtOnceWhenTheLoopIsStopped) {
  ModelServer server([&](const SeenRequest& request) {
    if (request.number == 9) loop_->RequestStop();
    return ServerReply{.manner = Manner::kHang};
  });
  int stopped = 0;
  for (int i = 0; i < 10; ++i) {
    loop_->Spawn(http_.Call({.url = server.Url()}), [&](const std::expected<HttpResponse, HttpError>& result) {
      stopped += !result && result.error().error.kind == ErrorKind::kInterrupted;
    });
  }
  loop_->RunSpawned();
  EXPECT_EQ(stopped, 10);
}

TEST_F(Calls, RunByTheHundredsAtOnce) {
  ModelServer server([](const SeenRequest& request) { return ServerReply{.body = request.target, .latency = 20ms}; });
  int right = 0;
  for (int i = 0; i < 500; ++i) {
    const std::string path = "/" + std::to_string(i);
    loop_->Spawn(http_.Call({.url = server.Url(path)}),
                 [&right, path](const std::expected<HttpResponse, HttpError>& result) {
                   right += result && result->body == path;
                 });
  }
  loop_->RunSpawned();
  EXPECT_EQ(right, 500);
}

// An answer in raw bytes: as many chunks as that, in one write.
ServerReply InChunks(int chunks, std::string_view after) {
  std::string raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < chunks; ++i) raw += "4\r\ntick\r\n";
  return {.body = raw.append(after), .manner = Manner::kNotHttp};
}

Async<std::vector<std::string>> TakeAll(HttpPieces& pieces) {
  std::vector<std::string> taken;
  auto heading = pieces.AwaitHead();
  const Status head = co_await heading;
  for (bool more = head.has_value(); more;) {
    auto coming = pieces.Next();
    const auto piece = co_await coming;
    more = piece && !piece->empty();
    if (more) taken.push_back(*piece);
  }
  co_return taken;
}

std::string Joined(const std::vector<std::string>& pieces) {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  return all;
}

TEST_F(Calls, PassOnWhatCameTogetherTogether) {
  ModelServer server([](const SeenRequest&) { return InChunks(200, "0\r\n\r\n"); });
  HttpPassing passing(http_, {.url = server.Url()});
  const auto taken = loop_->Run(TakeAll(passing.pieces()));
  EXPECT_EQ(Joined(taken).size(), 800U);
  EXPECT_LE(taken.size(), 3U);  // one, or as many as the kernel cut it into
  EXPECT_TRUE(passing.pieces().all_taken());
  EXPECT_EQ(passing.pieces().failure(), nullptr);
}

TEST_F(Calls, PassOnWhatCameBeforeAnAnswerBroke) {
  ModelServer server([](const SeenRequest&) { return InChunks(3, "zz\r\n"); });
  HttpPassing passing(http_, {.url = server.Url()});
  EXPECT_EQ(Joined(loop_->Run(TakeAll(passing.pieces()))), "tickticktick");
  EXPECT_FALSE(passing.pieces().all_taken());
  EXPECT_NE(passing.pieces().failure(), nullptr);
}

TEST_F(Calls, GiveBackNoKeyThatAServerEchoes) {
  const std::string key = "sk-test/0123456789+abcdef";
  ModelServer server([](const SeenRequest& request) { return testing::EchoHeaders(request); });
  const auto response = Send({.url = server.Url(), .secret_headers = {{"Authorization", "Bearer ", Secret(key)}}});
  ASSERT_TRUE(response.has_value());
  EXPECT_THAT(response->body, HasSubstr("Bearer [secret]"));
  EXPECT_THAT(response->body, Not(HasSubstr(key)));
  EXPECT_EQ(*response->Header("x-echo-authorization"), "Bearer [secret]");
}

TEST(ASecret, IsBlottedOutInEverySpelling) {
  const Secret secret("sk-test/0123456789+abcdef");
  const std::pair<const char*, const char*> cases[] = {
      {"key sk-test/0123456789+abcdef.", "key [secret]."},
      {R"({"k":"sk-test\/0123456789+abcdef"})", R"({"k":"[secret]"})"},
      {R"(\u0073k-test/0123456789\u002babcdef)", "[secret]"},
      {R"({"arguments":"{\"k\":\"\\u0073k-test\\/0123456789+abcdef\"}"})", R"({"arguments":"{\"k\":\"[secret]\"}"})"},
      {"?k=sk-test%2F0123456789%2Babcdef&x", "?k=[secret]&x"},
      {"?k=%73%6b%2Dtest%2f0123456789%2babcdef", "?k=[secret]"},
      {"736b2d746573742f303132333435363738392b616263646566", "[secret]"},
      {"sk-test/0123456789+abcde", "sk-test/0123456789+abcde"},
      {"", ""},
  };
  for (const auto& [text, clean] : cases) {
    std::string scrubbed = text;
    secret.Scrub(scrubbed);
    EXPECT_EQ(scrubbed, clean);
  }
}

TEST(ASecret, IsBlottedOutInBase64AtEveryOffset) {
  // python3: base64.b64encode(prefix + b"sk-test/0123456789+abcdef")
  for (const char* encoded : {"c2stdGVzdC8wMTIzNDU2Nzg5K2FiY2RlZg==", "OnNrLXRlc3QvMDEyMzQ1Njc4OSthYmNkZWY=",
                              "dTpzay10ZXN0LzAxMjM0NTY3ODkrYWJjZGVm"}) {
    std::string text = encoded;
    Secret("sk-test/0123456789+abcdef").Scrub(text);
    EXPECT_THAT(text, HasSubstr("[secret]"));
    EXPECT_LT(text.size(), 18U) << text;
  }
}

TEST(ASecret, ComesFromTheEnvironmentOrNotAtAll) {
  unsetenv("XSWEEP_TEST_KEY");
  const auto missing = Secret::FromEnvironment("XSWEEP_TEST_KEY");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::kUser);
  EXPECT_THAT(missing.error().message, HasSubstr("XSWEEP_TEST_KEY"));
  setenv("XSWEEP_TEST_KEY", "0123456789", 1);
  EXPECT_EQ(Secret::FromEnvironment("XSWEEP_TEST_KEY")->Reveal(), "0123456789");
  unsetenv("XSWEEP_TEST_KEY");
}

}  // namespace
}  // namespace xsweep
