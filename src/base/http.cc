// Http: calls to web servers that a coroutine can await, thousands at a time on one loop.
// SPDX-License-Identifier: Apache-2.0
#include "base/http.h"

#include "base/http_pool.h"
#include "base/http_transfer.h"
#include "base/text.h"

namespace xsweep {
namespace {

std::expected<void, HttpError> CheckRequest(const HttpRequest& request) {
  const std::string scheme = AsciiLower(request.url.substr(0, 8));
  if (!scheme.starts_with("http://") && !scheme.starts_with("https://")) {
    return RefusedRequest("only http:// and https:// addresses can be called", request.url);
  }
  if (OriginOf(request.url).find('@') != std::string::npos) {
    return RefusedRequest(
        "an address must not carry a user name or password; name an environment variable that holds the key", "URL");
  }
  const auto breaks_line = [](std::string_view text) { return text.find_first_of("\r\n") != std::string_view::npos; };
  for (const HttpHeader& header : request.headers) {
    if (breaks_line(header.name) || breaks_line(header.value)) {
      return RefusedRequest("a header of the request contains a line break", request.url);
    }
  }
  return {};
}

}  // namespace

const std::string* HttpResponse::Header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

Http::Http(IoLoop& loop, HttpSettings settings) : pool_(std::make_unique<HttpPool>(loop, std::move(settings))) {}
Http::~Http() = default;
IoLoop& Http::loop() const { return pool_->loop(); }

Async<std::expected<HttpResponse, HttpError>> Http::Call(HttpRequest request) {
  if (auto sound = CheckRequest(request); !sound) co_return std::unexpected(std::move(sound).error());
  HttpTransfer call(*pool_, request);
  const auto stopped = [](Error error) { return std::unexpected(HttpError{HttpFailure::kStopped, std::move(error)}); };
  while (!pool_->Known(call.origin) && !pool_->MayResolve(call.origin)) {
    pool_->AwaitName(&call.finished);
    Status named = co_await call.finished;
    if (!named) co_return stopped(std::move(named).error());
  }
  if (pool_->loop().stopping()) co_return stopped({ErrorKind::kInterrupted, "stopped on request", {}});
  if (auto started = call.Start(); !started) co_return std::unexpected(std::move(started).error());
  Status status = co_await call.finished;
  if (!status) co_return stopped(std::move(status).error());
  co_return call.Result();
}

}  // namespace xsweep
