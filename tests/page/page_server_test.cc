// What the server refuses, and that it reads nothing outside the results directory.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/clock.h"
#include "net/io_loop.h"
#include "page/page_server.h"
#include "support/sample_run.h"

namespace xsweep {
namespace {

using testing::MakeSampleRun;
using testing::SampleRun;
using testing::ScratchDirectory;

/// Sends bytes, reads until the peer closes or an answer with its body is whole.
std::string Exchange(int port, const std::string& bytes) {
  const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  EXPECT_EQ(::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  ::shutdown(peer, SHUT_WR);
  std::string answer;
  char piece[4096];
  for (ssize_t got = 0; (got = ::recv(peer, piece, sizeof piece, 0)) > 0;)
    answer.append(piece, static_cast<std::size_t>(got));
  ::close(peer);
  return answer;
}

class ServedRuns : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(scratch_.path() / "results");
    const auto run = MakeSampleRun(scratch_.path() / "results", SampleRun{});
    ASSERT_TRUE(run) << run.error().Text();
    run_ = "airline_escalating_v1/" + run->filename().string();
    std::ofstream(scratch_.path() / "secret.txt") << "not yours";
    std::filesystem::create_symlink(scratch_.path() / "secret.txt", *run / "link.txt");
    std::filesystem::create_directory_symlink(*run, scratch_.path() / "results/airline_escalating_v1/elsewhere");
    routes_ = std::make_unique<Routes>(scratch_.path() / "results");
    loop_ = IoLoop::Create(clock_).value();
    auto server = HttpServer::Listen(*loop_, {});
    ASSERT_TRUE(server) << server.error().Text();
    server_ = std::move(*server);
    offload_ = std::make_unique<Offload>(*loop_, 2);
    page_ = MountPage(*server_, *offload_, *routes_);
    thread_ = std::thread([this] { EXPECT_TRUE(loop_->Run(UntilStopped(*loop_, stop_))); });
  }
  void TearDown() override {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    offload_.reset();
    server_.reset();
  }
  std::string Ask(const std::string& line, const std::string& host = "localhost") {
    return Exchange(server_->port(), line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  }

  ScratchDirectory scratch_{"serve"};
  std::string run_;
  std::unique_ptr<Routes> routes_;
  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Offload> offload_;
  Mount page_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

TEST_F(ServedRuns, AnswerWithStrictHeaders) {
  const std::string answer = Ask("GET /data/runs.json");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer.substr(0, 200);
  EXPECT_NE(answer.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(answer.find("X-Content-Type-Options: nosniff"), std::string::npos);
  EXPECT_NE(answer.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_NE(answer.find(run_), std::string::npos);
}

TEST_F(ServedRuns, AreNotServedUnderAnotherHostsName) {
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", ""}) {
    const std::string answer = Ask("GET /data/runs.json", host);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 403")) << host << ": " << answer.substr(0, 100);
    EXPECT_EQ(answer.find(run_), std::string::npos);
  }
  EXPECT_TRUE(Ask("GET /data/runs.json", "127.0.0.1:" + std::to_string(server_->port())).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(Exchange(server_->port(), "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(
      Exchange(server_->port(), "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n").starts_with("HTTP/1.1 400"));
}

TEST_F(ServedRuns, AnswerOnlyReads) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"}) {
    EXPECT_TRUE(Ask(std::string(method) + " /data/runs.json").starts_with("HTTP/1.1 405")) << method;
  }
  EXPECT_TRUE(Exchange(server_->port(), "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
                  .starts_with("HTTP/1.1 413"));
  const std::string head = Ask("HEAD /data/runs.json");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n")) << head;
}

TEST_F(ServedRuns, LeadNowhereElse) {
  const std::string run = "/files/" + run_;
  for (const std::string& path :
       {std::string("/files/../secret.txt"), std::string("/files/%2e%2e/secret.txt"), run + "/../../../secret.txt",
        run + "/..%2f..%2f..%2fsecret.txt", run + "/link.txt",
        std::string("/files/airline_escalating_v1/elsewhere/run.json"),
        std::string("/data/airline_escalating_v1/elsewhere/run.json"), std::string("//etc/passwd"),
        run + "/%00run.json", run + "/.hidden", std::string("/files/airline_escalating_v1/latest/run.json"),
        std::string("/data/../data/runs.json"), std::string("/assets/..%2f..%2findex.html"),
        std::string("\\..\\secret.txt")}) {
    const std::string answer = Ask("GET " + path);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400"))
        << path << ": " << answer.substr(0, 120);
    EXPECT_EQ(answer.find("not yours"), std::string::npos) << path;
  }
  EXPECT_TRUE(Ask("GET " + run + "/config.yaml").starts_with("HTTP/1.1 200"));
}

TEST_F(ServedRuns, SurviveNonsense) {
  for (const std::string& bytes :
       {std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string(40000, 'A'),
        std::string("GET / HTTP/1.1\r\nnocolon\r\n\r\n"), std::string("\0\0\0\r\n\r\n", 7)}) {
    Exchange(server_->port(), bytes);
  }
  EXPECT_TRUE(Ask("GET /data/" + run_ + "/trials/99999999999999999999.json").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(Ask("GET /data/" + run_ + "/transcripts/18446744073709551615.json").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(Ask("GET /data/runs.json").starts_with("HTTP/1.1 200"));
}

TEST_F(ServedRuns, KeepAConnectionForTheNextRequest) {
  const std::string one = "GET /data/runs.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string answer = Exchange(server_->port(), one + one);
  EXPECT_NE(answer.find("HTTP/1.1 200", 10), std::string::npos);
}

TEST_F(ServedRuns, AreNotShownToPagesOfOtherOrigins) {
  const auto from = [&](const std::string& origin) {
    return Exchange(server_->port(),
                    "GET /data/runs.json HTTP/1.1\r\nHost: localhost\r\nOrigin: " + origin + "\r\n\r\n");
  };
  EXPECT_TRUE(from("http://127.0.0.1:" + std::to_string(server_->port())).starts_with("HTTP/1.1 200"));
  for (const char* origin : {"http://evil.example", "null", "file://localhost", "http://localhost.evil.example"})
    EXPECT_TRUE(from(origin).starts_with("HTTP/1.1 403")) << origin;
}

TEST(Server, SaysWhatToDoWhenThePortIsTaken) {
  SystemClock clock;
  const auto loop = IoLoop::Create(clock).value();
  const auto first = HttpServer::Listen(*loop, {});
  ASSERT_TRUE(first);
  ServerOptions options;
  options.port = (*first)->port();
  const auto second = HttpServer::Listen(*loop, options);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("--port"), std::string::npos);
  options.address = "example.org";
  EXPECT_FALSE(HttpServer::Listen(*loop, options));
}

}  // namespace
}  // namespace xsweep
