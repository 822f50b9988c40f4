// Http: calls to web servers that a coroutine can await, thousands at a time on one loop.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/http.h"

#include "base/text.h"
#include "net/client/http_thread.h"
#include "net/client/http_transfer.h"

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

/// A call for which somebody waits; given up when the waiting frame is destroyed or its loop is stopped.
struct Http::Asking {
  Http& http;
  HttpThread& thread;
  Wait answered;
  std::shared_ptr<HttpJob> job;
  bool done = false;

  Asking(Http& owner, HttpThread& connections, HttpRequest request, std::shared_ptr<HttpSink> sink)
      : http(owner), thread(connections), answered(owner.loop_), job(std::make_shared<HttpJob>(std::move(request))) {
    job->sink = std::move(sink);
    job->asker = &answered;
    ++http.under_way_;
    thread.Perform(job);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() {
    job->asker = nullptr;
    --http.under_way_;
    if (!done) thread.GiveUp(std::move(job));
  }
};

Http::Http(IoLoop& loop, HttpSettings settings) : loop_(loop), settings_(std::move(settings)) {}
Http::~Http() { CHECK(under_way_ == 0, "Http was destroyed while a call was under way"); }

Async<std::expected<HttpResponse, HttpError>> Http::Call(HttpRequest request, std::shared_ptr<HttpSink> sink) {
  if (auto sound = CheckRequest(request); !sound) co_return std::unexpected(std::move(sound).error());
  const auto stopped = [](Error error) { return std::unexpected(HttpError{HttpFailure::kStopped, std::move(error)}); };
  if (loop_.stopping()) co_return stopped({ErrorKind::kInterrupted, "stopped on request", {}});
  if (!thread_) {
    auto started = HttpThread::Start(loop_, settings_);
    if (!started) co_return std::unexpected(HttpError{HttpFailure::kConnect, std::move(started).error()});
    thread_ = std::move(*started);
  }
  Asking asking(*this, *thread_, std::move(request), std::move(sink));
  Status status = co_await asking.answered;
  if (!status) co_return stopped(std::move(status).error());
  asking.done = true;
  co_return std::move(asking.job->answer);
}

}  // namespace xsweep
