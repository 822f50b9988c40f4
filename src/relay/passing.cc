// Passing: one answer of a model elsewhere, on its way back.
// SPDX-License-Identifier: Apache-2.0
#include "relay/passing.h"

#include "relay/upstream.h"

namespace xsweep {
namespace {

constexpr const char* kUnreached = "the model cannot be reached: ";
constexpr const char* kBroken = "the model's answer broke off: ";

std::string WhyOf(const HttpPieces& pieces) {
  return pieces.failure() != nullptr ? pieces.failure()->error.message : "stopped";
}

}  // namespace

Passing::Passing(Http& http, HttpRequest request, Ended ended)
    : passing_(http, std::move(request)), ended_(std::move(ended)) {}

Passing::~Passing() { End(false); }

void Passing::End(bool whole) {
  if (const Ended ended = std::exchange(ended_, {})) ended(*this, whole);
}

Async<Status> Passing::AwaitHead() {
  HttpPieces& pieces = passing_.pieces();
  auto heading = pieces.AwaitHead();
  const Status head = co_await heading;
  if (!head || pieces.status() == 0) {
    why_broken_ = kUnreached + WhyOf(pieces);
    co_return EpisodeError(why_broken_, "relay");
  }
  status_ = pieces.status();
  PassedHead back = PassBack(pieces.headers());
  type_ = std::move(back.type);
  headers_ = std::move(back.headers);
  co_return Status();
}

WebResponse Passing::TakeHead() { return {.status = status_, .type = type_, .headers = std::move(headers_)}; }

/// The next piece; empty at the end.
Async<Expected<std::string>> Passing::Next() {
  HttpPieces& pieces = passing_.pieces();
  auto coming = pieces.Next();
  auto piece = co_await coming;
  if (piece && (!piece->empty() || pieces.failure() == nullptr)) {
    body_ += *piece;
    co_return piece;
  }
  why_broken_ = kBroken + WhyOf(pieces);
  End(false);
  co_return EpisodeError(why_broken_, "relay");
}

Async<Status> Passing::Stream(std::shared_ptr<Passing> passing, WebStream& stream) {
  for (;;) {
    auto coming = passing->Next();
    CO_TRY_ASSIGN(const std::string piece, co_await coming);
    if (piece.empty()) break;
    if (passing->passing_.pieces().all_taken()) {
      passing->End(true);  // before the agent can know, so that its next request finds this one noted
      co_return co_await stream.WriteLast(piece);
    }
    CO_TRY(co_await stream.Write(piece));
  }
  passing->End(true);
  co_return Status();
}

Async<Status> Passing::Whole(std::shared_ptr<Passing> passing) {
  for (;;) {
    auto coming = passing->Next();
    CO_TRY_ASSIGN(const std::string piece, co_await coming);
    if (piece.empty()) break;
  }
  passing->End(true);
  co_return Status();
}

}  // namespace xsweep
