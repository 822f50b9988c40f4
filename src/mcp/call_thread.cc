// CallThread: a loop and connections with a thread of their own.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/call_thread.h"

#include <utility>

namespace xsweep {
namespace {

/// Keeps the loop alive until it is stopped.
Async<bool> Idle(IoLoop& loop) {
  while (true) {
    const Status slept = co_await loop.Sleep(std::chrono::hours(1));
    if (!slept) co_return true;
  }
}

}  // namespace

CallThread::~CallThread() {
  if (!thread_.joinable()) return;
  loop_->RequestStop();
  thread_.join();
}

Status CallThread::Start() {
  TRY_ASSIGN(loop_, IoLoop::Create(clock_));
  thread_ = std::thread([this] {
    Http http(*loop_);
    http_ = &http;
    loop_->Spawn(Idle(*loop_), [](bool) {});
    loop_->RunSpawned();
  });
  return {};
}

Handoff<CallThread::Answer> CallThread::Begin(HttpRequest request) {
  const Handoff<Answer> promise;
  loop_->Post([this, request = std::move(request), promise]() mutable {
    loop_->Spawn(http_->Call(std::move(request)), [promise](Answer answer) { promise.Set(std::move(answer)); });
  });
  return promise;
}

Async<Expected<HttpResponse>> CallThread::Send(HttpRequest request, std::chrono::milliseconds limit) {
  const std::string url = request.url;
  const Handoff<Answer> promise = Begin(std::move(request));
  auto taking = promise.Take(limit + std::chrono::seconds(15));
  CO_TRY_ASSIGN(auto taken, co_await taking);
  if (!taken) co_return WorldError("was not answered in time", url);
  if (!*taken) co_return WorldError((*taken).error().error.message, url);
  co_return std::move(**taken);
}

void CallThread::Stream(HttpRequest request, std::shared_ptr<HttpSink> sink, std::function<void(std::string)> broken) {
  loop_->Post([this, request = std::move(request), sink = std::move(sink), broken = std::move(broken)]() mutable {
    loop_->Spawn(http_->Call(std::move(request), std::move(sink)), [broken = std::move(broken)](const Answer& answer) {
      if (!answer) broken(answer.error().error.message);
    });
  });
}

void CallThread::SendLast(HttpRequest request, std::chrono::milliseconds limit) {
  (void)Begin(std::move(request)).Block(limit);
}

}  // namespace xsweep
