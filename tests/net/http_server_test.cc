// The server under one loop: bodies, mounts that come and go, slow and hostile peers, streams, many who wait.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "base/clock.h"
#include "net/client/http.h"
#include "net/event_stream.h"
#include "net/offload.h"
#include "support/stranger.h"

namespace xsweep {
namespace {

using std::chrono::milliseconds;

class AServer : public ::testing::Test {
 protected:
  void SetUp() override {
    loop_ = IoLoop::Create(clock_).value();
    server_ = HttpServer::Listen(*loop_, {}).value();
    echo_ = server_->Serve("/echo", {.body_limit = 1000}, [](WebRequest request) -> Async<WebResponse> {
      return WebResponse{.body = fmt::format("{} {} {} {}", request.method, request.path, request.query, request.body)};
    });
  }
  std::string Ask(std::string bytes, std::string until = {}) {
    const auto ask = [](IoLoop& loop, int port, std::string said, std::string end) -> Async<std::string> {
      Stranger stranger(loop, port);
      co_await stranger.Say(said);
      co_return co_await stranger.Hear(end);
    };
    return loop_->Run(ask(*loop_, server_->port(), std::move(bytes), std::move(until)));
  }
  static std::string Post(std::string_view path, std::string_view more, std::string_view body) {
    return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n{}", path, more, body);
  }

  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_;
  std::unique_ptr<HttpServer> server_;
  Mount echo_;
};

TEST_F(AServer, ReadsBodiesOfBothKinds) {
  EXPECT_TRUE(Ask(Post("/echo?a=b", "Content-Length: 5\r\n", "hello")).ends_with("POST /echo a=b hello"));
  const std::string chunked = "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";
  EXPECT_TRUE(Ask(Post("/echo", "Transfer-Encoding: chunked\r\n", chunked)).ends_with("POST /echo  hello"));
  const std::string asked = Ask(Post("/echo", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"));
  EXPECT_TRUE(asked.starts_with("HTTP/1.1 100") && asked.ends_with("hello")) << asked;
}

TEST_F(AServer, RefusesBodiesThatAreTooLongOrSaidTwice) {
  EXPECT_TRUE(Ask(Post("/echo", "Content-Length: 1001\r\n", "")).starts_with("HTTP/1.1 413"));
  const std::string long_chunk = "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n";
  EXPECT_TRUE(Ask(Post("/echo", "Transfer-Encoding: chunked\r\n", long_chunk)).starts_with("HTTP/1.1 413"));
  for (const char* twice :
       {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: -5\r\n", "Content-Length: 99999999999999999999\r\n"}) {
    EXPECT_TRUE(Ask(Post("/echo", twice, "hello")).starts_with("HTTP/1.1 400")) << twice;
  }
  const std::string bad = "zz\r\nhel\r\n0\r\n\r\n";
  EXPECT_TRUE(Ask(Post("/echo", "Transfer-Encoding: chunked\r\n", bad)).starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(Ask(Post("/echo", "X: " + std::string(20000, 'x') + "\r\n", "")).starts_with("HTTP/1.1 431"));
}

/// Time that a test moves on while sockets live in real time.
class PushedClock final : public Clock {
 public:
  SteadyTime Now() const override { return std::chrono::steady_clock::now() + ahead_; }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }
  void Push(std::chrono::seconds by) { ahead_ += by; }

 private:
  std::chrono::nanoseconds ahead_{};
};

/// What is said, a piece after every `pause`; what the server answers to it in the end, and after how long.
struct Slowly {
  std::vector<std::string> pieces;
  std::chrono::seconds pause;
};
std::pair<std::string, std::chrono::seconds> SaySlowly(const Slowly& said) {
  PushedClock clock;
  const auto loop = IoLoop::Create(clock).value();
  const auto server = HttpServer::Listen(*loop, {}).value();
  const Mount echo = server->Serve("/echo", {.body_limit = 1000}, [](WebRequest request) -> Async<WebResponse> {
    return WebResponse{.body = request.body};
  });
  const auto speak = [](PushedClock& time, IoLoop& on, int port, Slowly what) -> Async<std::string> {
    Stranger stranger(on, port);
    std::string heard;
    for (const std::string& piece : what.pieces) {
      co_await stranger.Say(piece);
      // Let the server read it before the time goes on.
      co_await on.Sleep(milliseconds(5));
      time.Push(what.pause);
      heard += co_await stranger.Hear("\r\n\r\n", milliseconds(20));
      if (!heard.empty()) break;
    }
    co_return heard + co_await stranger.Hear({}, milliseconds(50));
  };
  const SteadyTime start = clock.Now();
  std::string heard = loop->Run(speak(clock, *loop, server->port(), said));
  return {std::move(heard), std::chrono::duration_cast<std::chrono::seconds>(clock.Now() - start)};
}

TEST(ASlowPeer, IsTurnedAwayAndHoldsNothing) {
  using std::chrono::seconds;
  const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 200\r\n\r\n";
  // It stops in the middle of its head, or of its body.
  EXPECT_TRUE(SaySlowly({{"POST /echo HT"}, seconds(11)}).first.starts_with("HTTP/1.1 408"));
  EXPECT_TRUE(SaySlowly({{head, "hello"}, seconds(31)}).first.starts_with("HTTP/1.1 408"));
  // Slow, but it gets there.
  const std::vector<std::string> halves = {head, std::string(100, 'a'), std::string(100, 'b')};
  EXPECT_TRUE(SaySlowly({halves, seconds(20)}).first.ends_with(std::string(100, 'b')));
  // A byte now and then is always in time for the next one and never done: the whole has a limit, too.
  std::vector<std::string> drops(200, "x");
  drops.insert(drops.begin(), head);
  const auto [answer, took] = SaySlowly({drops, seconds(10)});
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408")) << answer;
  EXPECT_LE(took, seconds(90));
}

TEST_F(AServer, KeepsAConnectionAndItsOrder) {
  std::string three;
  for (int i = 0; i < 3; ++i)
    three += fmt::format("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n{}", i);
  const std::string heard = Ask(three, "/echo  2");
  EXPECT_LT(heard.find("/echo  0"), heard.find("/echo  1"));
  EXPECT_NE(heard.find("/echo  2"), std::string::npos);
}

TEST_F(AServer, ServesAPathAsLongAsItsMountLives) {
  {
    const Mount mount = server_->Serve("/t/0f3a", {.below = true},
                                       [](WebRequest) -> Async<WebResponse> { return WebResponse{.body = "mine"}; });
    EXPECT_EQ(mount.url(), server_->Address() + "/t/0f3a");
    EXPECT_TRUE(Ask(Post("/t/0f3a/v1/x", "", "")).ends_with("mine"));
    EXPECT_TRUE(Ask(Post("/t/0f3b", "", "")).starts_with("HTTP/1.1 404"));
    EXPECT_TRUE(Ask(Post("/t/0f3ab", "", "")).starts_with("HTTP/1.1 404"));
    EXPECT_TRUE(Ask(Post("/t", "", "")).starts_with("HTTP/1.1 404"));
  }
  EXPECT_TRUE(Ask(Post("/t/0f3a", "", "")).starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(Ask(Post("/echo/below", "", "")).starts_with("HTTP/1.1 404"));
}

TEST_F(AServer, WritesAStreamPieceByPieceAndCutsOneThatFails) {
  const auto stream = [](bool fail) {
    return [fail](WebRequest) -> Async<WebResponse> {
      WebResponse response{.type = "text/event-stream"};
      response.stream = [fail](WebStream& out) -> Async<Status> {
        const std::string event = WriteStreamEvent("hello", "a\nb");
        CO_TRY(co_await out.Write(event));
        if (fail) co_return WorldError("no more");
        co_return Status();
      };
      return response;
    };
  };
  const Mount whole = server_->Serve("/whole", {}, stream(false));
  const Mount half = server_->Serve("/half", {}, stream(true));
  EXPECT_TRUE(Ask(Post("/whole", "", "")).ends_with("event: hello\ndata: a\ndata: b\n\n\r\n0\r\n\r\n"));
  const std::string cut = Ask(Post("/half", "", ""));
  EXPECT_TRUE(cut.ends_with("data: b\n\n\r\n")) << cut;
}

TEST_F(AServer, LetsHeadAndEndOfAStreamGoWithItsBytes) {
  const Mount mount = server_->Serve("/once", {}, [](WebRequest) -> Async<WebResponse> {
    WebResponse response{.type = "text/event-stream"};
    response.stream = [](WebStream& out) { return out.WriteLast("all of it"); };
    response.streams_at_once = true;
    return response;
  });
  const std::string twice =
      "POST /once HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n" + Post("/once", "", "");
  const std::string heard = Ask(twice, "all of it");
  const std::string body = "\r\n\r\n9\r\nall of it\r\n0\r\n\r\n";
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200")) << heard;
  const std::size_t first = heard.find(body);
  ASSERT_NE(first, std::string::npos) << heard;
  EXPECT_TRUE(heard.substr(first + body.size()).starts_with("HTTP/1.1 200")) << heard;
  EXPECT_TRUE(heard.ends_with(body)) << heard;
}

TEST_F(AServer, TellsAHandlerThatItsPeerHasLeft) {
  bool left = false;
  Wait forever(*loop_);
  const Mount mount = server_->Serve("/slow", {}, [&](WebRequest request) -> Async<WebResponse> {
    const auto peer = request.peer;
    peer->OnLeft([&] {
      left = true;
      forever.Wake();
    });
    Wait& wait = forever;
    co_await wait;
    co_return WebResponse{};
  });
  {
    const auto ask = [](IoLoop& loop, int port, Status& slept) -> Async<bool> {
      Stranger stranger(loop, port);
      std::string request = "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n";
      co_await stranger.Say(request);
      slept = co_await loop.Sleep(milliseconds(50));
      co_return true;
    };
    Status slept;
    loop_->Run(ask(*loop_, server_->port(), slept));
  }
  EXPECT_TRUE(loop_->Run(loop_->Sleep(milliseconds(50))));
  EXPECT_TRUE(left);
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(AServer, HoldsThousandsWhoWaitAndAnswersOneBesideThem) {
  constexpr int kMany = 500;
  std::list<Wait*> waiting;
  const Mount mount = server_->Serve("/wait", {}, [&](WebRequest) -> Async<WebResponse> {
    Wait wait(*loop_);
    waiting.push_back(&wait);
    co_await wait;
    co_return WebResponse{.body = "at last"};
  });
  Http http(*loop_);
  int answered = 0;
  const auto ask = [](Http& client, std::string url) -> Async<int> {
    HttpRequest request{.url = std::move(url)};
    const auto response = co_await client.Call(std::move(request));
    co_return response ? response->status : 0;
  };
  for (int i = 0; i < kMany; ++i)
    loop_->Spawn(ask(http, mount.url()), [&](int status) { answered += status == 200 ? 1 : 0; });
  while (waiting.size() < kMany) ASSERT_TRUE(loop_->Run(loop_->Sleep(milliseconds(10))));
  EXPECT_EQ(loop_->Run(ask(http, echo_.url())), 200);
  EXPECT_EQ(answered, 0);
  for (Wait* wait : waiting) wait->Wake();
  loop_->RunSpawned();
  EXPECT_EQ(answered, kMany);
}

TEST_F(AServer, DoesSlowWorkElsewhere) {
  Offload offload(*loop_, 2);
  const auto thread = std::this_thread::get_id();
  const auto other = loop_->Run(offload.Run([] { return std::this_thread::get_id(); }));
  ASSERT_TRUE(other);
  EXPECT_NE(*other, thread);
}

TEST(EventStream, IsReadHoweverItIsCut) {
  const std::string text =
      "\xEF\xBB\xBF: ping\r\nevent: a\r\ndata: 1\r\ndata:2\r\nid: 7\r\nretry: 250\r\n\r\ndata\n\nevent: none\n\ndata: "
      "x\r\r";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    EventStreamReader reader;
    std::vector<StreamEvent> all;
    for (std::size_t at = 0; at < text.size(); at += size) {
      const auto events = reader.Feed(std::string_view(text).substr(at, size));
      ASSERT_TRUE(events);
      all.insert(all.end(), events->begin(), events->end());
    }
    ASSERT_EQ(all.size(), 3U) << size;
    EXPECT_EQ(all[0].type + "|" + all[0].data + "|" + all[0].id, "a|1\n2|7");
    EXPECT_EQ(all[1].type + "|" + all[1].data, "message|");
    EXPECT_EQ(all[2].data, "x");
    EXPECT_FALSE(reader.in_event());
    EXPECT_EQ(reader.last_id(), "7");
    EXPECT_EQ(reader.retry(), milliseconds(250));
  }
  EventStreamReader small(10);
  EXPECT_FALSE(small.Feed("data: 0123456789"));
}

}  // namespace
}  // namespace xsweep
