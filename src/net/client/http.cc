// Http: calls to web servers that a coroutine can await, thousands at a time on one loop.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/http.h"

#include "base/text.h"
#include "net/client/http_pool.h"
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

std::unexpected<HttpError> Stopped(Error error) {
  return std::unexpected(HttpError{HttpFailure::kStopped, std::move(error)});
}

}  // namespace

/// One more call is under way for as long as this lives.
struct Http::Counted {
  explicit Counted(std::size_t& under_way) : count(under_way) { ++count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count; }
  std::size_t& count;
};

/// A call for which somebody waits; given up when the waiting frame is destroyed or its loop is stopped.
struct Http::Asking {
  const Counted counted;
  HttpThread& thread;
  Wait answered;
  std::shared_ptr<HttpJob> job;
  bool done = false;

  Asking(Http& owner, HttpThread& connections, HttpRequest request, std::shared_ptr<HttpSink> sink)
      : counted(owner.under_way_),
        thread(connections),
        answered(owner.loop_),
        job(std::make_shared<HttpJob>(std::move(request))) {
    job->sink = std::move(sink);
    job->asker = &answered;
    thread.Perform(job);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() {
    job->asker = nullptr;
    if (!done && !job->over) thread.GiveUp(std::move(job));
  }
};

Http::Http(IoLoop& loop, HttpSettings settings, ConnectionsLive live)
    : loop_(loop), settings_(std::move(settings)), live_(live) {}
Http::~Http() { CHECK(under_way_ == 0, "Http was destroyed while a call was under way"); }

Async<std::expected<HttpResponse, HttpError>> Http::Call(HttpRequest request, std::shared_ptr<HttpSink> sink) {
  if (auto sound = CheckRequest(request); !sound) co_return std::unexpected(std::move(sound).error());
  if (loop_.stopping()) co_return Stopped({ErrorKind::kInterrupted, "stopped on request", {}});
  auto calling = live_ == ConnectionsLive::kOnLoop ? CallHere(std::move(request), std::move(sink))
                                                   : CallThere(std::move(request), std::move(sink));
  co_return co_await calling;
}

Async<std::expected<HttpResponse, HttpError>> Http::CallHere(HttpRequest request, std::shared_ptr<HttpSink> sink) {
  if (!pool_) pool_ = std::make_unique<HttpPool>(loop_, settings_);
  const Counted counted(under_way_);
  HttpTransfer call(*pool_, request, sink.get());
  auto performing = call.Perform();
  if (Status performed = co_await performing; !performed) co_return Stopped(std::move(performed).error());
  co_return call.Result();
}

Async<std::expected<HttpResponse, HttpError>> Http::CallThere(HttpRequest request, std::shared_ptr<HttpSink> sink) {
  if (!thread_) {
    auto started = HttpThread::Start(loop_, settings_);
    if (!started) co_return std::unexpected(HttpError{HttpFailure::kConnect, std::move(started).error()});
    thread_ = std::move(*started);
  }
  Asking asking(*this, *thread_, std::move(request), std::move(sink));
  Status status = co_await asking.answered;
  if (!status) co_return Stopped(std::move(status).error());
  asking.done = true;
  co_return std::move(asking.job->answer);
}

}  // namespace xsweep
