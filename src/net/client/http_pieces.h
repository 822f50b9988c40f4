// HttpPieces: an answer as it comes in, for whoever passes it on and cannot wait for the whole of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "net/client/http.h"
#include "net/client/http_sink.h"
#include "net/io_loop.h"

namespace xsweep {

/// Between the connections, on their thread or on the reader's own, which put in, and one reader on its loop, which
/// takes out. Given to a request (`Http::Call`) it gets what would have been the body of the answer.
class HttpPieces final : public HttpSink, public std::enable_shared_from_this<HttpPieces> {
 public:
  /// `home` is the reader's loop, and outlives the request.
  explicit HttpPieces(IoLoop& home) : home_(home) {}

  // From where the connections live.
  void Begin(int status, std::vector<HttpHeader> headers) override;
  void Add(std::string_view bytes) override;
  void Whole(std::string_view rest) override;

  // On the reader's loop.
  /// The request has ended; what its answer says of the head counts if no piece came before.
  void End(const std::expected<HttpResponse, HttpError>& answer);
  /// Waits until the head of the answer is there, or the request has failed without one. Fails with kInterrupted when
  /// the loop was stopped.
  Async<Status> AwaitHead();
  /// What has come since, in one piece; waits for some. Empty at the end of the answer, or when it broke: see
  /// `failure`.
  Async<Expected<std::string>> Next();
  bool begun() const;
  /// Whether `Next` would not have to wait.
  bool has_more() const;
  /// Whether all of an answer that came to its end has been taken.
  bool all_taken() const;
  int status() const;
  std::vector<HttpHeader> headers() const;
  /// Why the answer did not come to its end; nullptr while it may.
  const HttpError* failure() const { return failed_ ? &failure_ : nullptr; }

 private:
  void Tell();
  Async<Status> Await();

  IoLoop& home_;
  mutable std::mutex mutex_;
  int status_ = 0;
  std::vector<HttpHeader> headers_;
  std::string bytes_;
  bool whole_ = false;
  bool told_ = false;  // a wake-up is on its way
  bool ended_ = false;
  bool failed_ = false;
  HttpError failure_;
  Wait* reader_ = nullptr;  // belongs to the loop's thread, as do ended_ and failed_
};

/// A request that is under way and its answer as it comes. Destroyed before its end it is given up.
class HttpPassing {
 public:
  /// `http` outlives it.
  HttpPassing(Http& http, HttpRequest request);
  HttpPassing(const HttpPassing&) = delete;
  HttpPassing& operator=(const HttpPassing&) = delete;
  HttpPieces& pieces() { return *pieces_; }

 private:
  static Async<bool> Carry(Http& http, HttpRequest request, std::shared_ptr<HttpPieces> pieces);
  std::shared_ptr<HttpPieces> pieces_;
  Async<bool> carrying_;
};

}  // namespace xsweep
