// HttpTransfer: one request under way. Only http*.cc include it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdio>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "net/client/http_pool.h"
#include "net/client/http_sink.h"

namespace xsweep {

std::unexpected<HttpError> RefusedRequest(std::string message, const std::string& url);
/// scheme://host[:port], in lower case.
std::string OriginOf(const std::string& url);

struct StdioClose {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// One transfer; lives in the frame of the coroutine that awaits it.
struct HttpTransfer final : HttpPooled {
  HttpPool& pool;
  const HttpRequest& request;
  HttpSink* const sink;  ///< may be nullptr
  const std::string origin;
  Wait finished;
  std::optional<HttpHandle> handle;
  std::optional<HttpError> refused;  ///< it did not begin
  HttpPool::Lane* lane = nullptr;
  std::unique_ptr<std::FILE, StdioClose> file;
  HttpResponse response;
  std::size_t header_bytes = 0;
  std::size_t body_bytes = 0;
  std::string held;     ///< of a body that is handed on in pieces: what came since, or may be the beginning of a key
  bool filled = false;  ///< the pool knows that there is something to hand on
  bool begun = false;
  CURLcode code = CURLE_OK;
  bool too_large = false;
  bool too_slow = false;
  bool had_enough = false;  ///< the answer was cut off by whoever asked
  bool resolving = false;
  bool given_up = false;
  bool armed = false;
  IoLoop::TimerId first_byte;
  std::array<char, CURL_ERROR_SIZE> message{};

  HttpTransfer(HttpPool& owner, const HttpRequest& what, HttpSink* into)
      : pool(owner), request(what), sink(into), origin(OriginOf(what.url)), finished(owner.loop()) {}
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;
  ~HttpTransfer();

  /// Sends the request and waits until it has come to an end, was given up, or could not even begin; then `Result` is
  /// the answer. Fails with kInterrupted when the loop is stopped.
  Async<Status> Perform();
  void Start();
  std::expected<void, HttpError> AddBody();
  void StopFirstByteTimer();
  void NameFound();
  void Finish(CURLcode result) override;
  /// Nobody waits for the answer any more.
  void GiveUp();
  std::expected<HttpResponse, HttpError> Result();
  HttpError Failure() const;
  std::string Scrubbed(std::string text) const;
  void HandOn() override;
  void HandOnHeld();
  void Begin();

  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* call);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* call);
  static std::size_t OnRead(char* data, std::size_t size, std::size_t count, void* call);
  static int OnSeek(void* call, curl_off_t offset, int origin);
  static int OnSocketOpened(void* call, curl_socket_t, curlsocktype);
};

}  // namespace xsweep
