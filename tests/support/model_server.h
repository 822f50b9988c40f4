// ModelServer: a web server on loopback that misbehaves as it is told; stands in for every provider in tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace xsweep::testing {

struct SeenRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names as they were sent
  std::string body;
  int number = 0;      ///< counts all requests, from 0
  int connection = 0;  ///< counts connections, from 0

  /// The value of the header of that name in any case, or "".
  std::string_view Header(std::string_view name) const;
};

/// What the server does with one request.
struct ServerReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::chrono::milliseconds latency{0};  ///< before the first byte; others are served meanwhile
  enum class Manner {
    kProper,
    kHang,        ///< reads the request and never answers
    kDrop,        ///< closes the connection without a byte
    kDropMidway,  ///< promises the whole body, sends half of it and closes
    kTrickle,     ///< headers at once, then one byte every 20 ms
    kEndless,     ///< a chunked body that never ends, as fast as it is read
    kNotHttp,     ///< sends `body` raw, without status line and headers, and closes
    kCloseAfter,  ///< answers properly and closes the connection
  } manner = Manner::kProper;
};

/// Answers HTTP/1.1 with keep-alive on 127.0.0.1. The handler runs on the server's own thread.
class ModelServer {
 public:
  using Handler = std::function<ServerReply(const SeenRequest&)>;

  explicit ModelServer(Handler handler, int port = 0);
  ~ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  int port() const { return port_; }
  /// "http://127.0.0.1:port" + path.
  std::string Url(std::string_view path = "") const;
  int requests() const { return requests_; }
  int connections() const { return connections_; }

 private:
  class Reactor;
  void Serve();

  Handler handler_;
  int listener_ = -1;
  int wakeup_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> requests_{0};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

// Bodies of chat completions, as OpenAI-compatible servers send them.
std::string ChatBody(std::string_view text, int prompt_tokens = 10, int completion_tokens = 5);
/// One tool call; `arguments` goes out as the string it is, well-formed or not.
std::string ChatCallBody(std::string_view tool, std::string_view arguments, std::string_view id = "call_1");
/// The body of an error, in OpenAI's shape.
std::string ErrorBody(std::string_view message, std::string_view code = "error");
/// A reply whose text lists every header of the request: the worst a server can do with a key.
ServerReply EchoHeaders(const SeenRequest& request);

/// Allows `per_second` requests with a burst of `burst`, by the real clock; refuses the others. Thread-safe.
class RateGate {
 public:
  RateGate(double per_second, double burst) : rate_(per_second), burst_(burst), tokens_(burst) {}
  bool Admit();

 private:
  std::mutex mutex_;
  double rate_;
  double burst_;
  double tokens_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace xsweep::testing
