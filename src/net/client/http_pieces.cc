// HttpPieces: an answer as it comes in.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/http_pieces.h"

#include <utility>

namespace xsweep {

void HttpPieces::Begin(int status, std::vector<HttpHeader> headers) {
  const std::lock_guard lock(mutex_);
  status_ = status;
  headers_ = std::move(headers);
  Tell();
}

void HttpPieces::Add(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::lock_guard lock(mutex_);
  bytes_ += bytes;
  Tell();
}

void HttpPieces::Whole(std::string_view rest) {
  const std::lock_guard lock(mutex_);
  bytes_ += rest;
  whole_ = true;
  Tell();
}

// One wake-up for all that comes before the reader has looked.
void HttpPieces::Tell() {
  if (std::exchange(told_, true)) return;
  if (IoLoop::Current() == &home_) {
    if (reader_ != nullptr) reader_->Wake();
    return;
  }
  home_.Post([pieces = shared_from_this()] {
    if (pieces->reader_ != nullptr) pieces->reader_->Wake();
  });
}

void HttpPieces::End(const std::expected<HttpResponse, HttpError>& answer) {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (!answer) {
      failed_ = true;
      failure_ = answer.error();
    } else if (status_ == 0) {
      status_ = answer->status;
      headers_ = answer->headers;
    }
  }
  if (reader_ != nullptr) reader_->Wake();
}

Async<Status> HttpPieces::Await() {
  Wait wait(home_);
  reader_ = &wait;
  Status woken = co_await wait;
  reader_ = nullptr;
  co_return woken;
}

Async<Status> HttpPieces::AwaitHead() {
  while (!begun() && !ended_) {
    auto waiting = Await();
    CO_TRY(co_await waiting);
    const std::lock_guard lock(mutex_);
    told_ = false;
  }
  co_return Status();
}

Async<Expected<std::string>> HttpPieces::Next() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      told_ = false;
      if (!bytes_.empty() || ended_) co_return std::exchange(bytes_, {});
    }
    auto waiting = Await();
    CO_TRY(co_await waiting);
  }
}

bool HttpPieces::begun() const {
  const std::lock_guard lock(mutex_);
  return status_ != 0;
}

bool HttpPieces::has_more() const {
  const std::lock_guard lock(mutex_);
  return !bytes_.empty();
}

bool HttpPieces::all_taken() const {
  const std::lock_guard lock(mutex_);
  return whole_ && bytes_.empty();
}

int HttpPieces::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::vector<HttpHeader> HttpPieces::headers() const {
  const std::lock_guard lock(mutex_);
  return headers_;
}

HttpPassing::HttpPassing(Http& http, HttpRequest request)
    : pieces_(std::make_shared<HttpPieces>(http.loop())), carrying_(Carry(http, std::move(request), pieces_)) {
  carrying_.Start();
}

Async<bool> HttpPassing::Carry(Http& http, HttpRequest request, std::shared_ptr<HttpPieces> pieces) {
  auto calling = http.Call(std::move(request), pieces);
  const auto answer = co_await calling;
  pieces->End(answer);
  co_return true;
}

}  // namespace xsweep
