// HttpThread: the thread on which the connections of an Http live.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/http_thread.h"

#include <pthread.h>

#include <csignal>
#include <system_error>

#include "net/client/http_pool.h"
#include "net/client/http_transfer.h"

namespace xsweep {
namespace {

/// Signals are for the threads that know what to do with them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

/// A job outlives its transfer.
struct Forget {
  HttpJob& job;
  ~Forget() { job.transfer = nullptr; }
};

Async<bool> UntilStopped(IoLoop& loop) {
  Wait never(loop);
  const Status stopped = co_await never;
  co_return stopped.has_value();
}

}  // namespace

Expected<std::unique_ptr<HttpThread>> HttpThread::Start(IoLoop& home, HttpSettings settings) {
  std::unique_ptr<HttpThread> made(new HttpThread(home, std::move(settings)));
  TRY_ASSIGN(made->loop_, IoLoop::Create(made->clock_));
  const SignalsBlocked blocked;
  try {
    made->thread_ = std::thread([serving = made.get()] { serving->Serve(); });
  } catch (const std::system_error& fault) {
    return WorldError(std::string("cannot start a thread for connections: ") + fault.what());
  }
  return made;
}

HttpThread::~HttpThread() {
  if (!thread_.joinable()) return;
  loop_->RequestStop();
  thread_.join();
}

void HttpThread::Perform(std::shared_ptr<HttpJob> job) { Send({std::move(job), false}); }
void HttpThread::GiveUp(std::shared_ptr<HttpJob> job) { Send({std::move(job), true}); }

void HttpThread::Send(Order order) {
  if (orders_.Put(std::move(order))) loop_->Post([this] { TakeOrders(); });
}

void HttpThread::Serve() {
  pthread_setname_np(pthread_self(), "connections");
  HttpPool pool(*loop_, settings_);
  pool_ = &pool;
  loop_->Run(UntilStopped(*loop_));
  loop_->RunSpawned();
}

void HttpThread::TakeOrders() {
  for (Order& order : orders_.TakeAll()) {
    if (!order.give_up) {
      loop_->Spawn(Exchange(std::move(order.job)), [](bool) {});
    } else if (order.job->transfer != nullptr) {
      order.job->transfer->GiveUp();
    }
  }
}

Async<bool> HttpThread::Exchange(std::shared_ptr<HttpJob> job) {
  HttpTransfer call(*pool_, job->request, job->sink.get());
  job->transfer = &call;
  const Forget forget{*job};
  auto performing = call.Perform();
  if (const Status performed = co_await performing; !performed) co_return false;
  if (call.given_up) co_return true;
  job->answer = call.Result();
  Deliver(job);
  co_return true;
}

void HttpThread::Deliver(std::shared_ptr<HttpJob> job) {
  job->over = true;
  if (!answers_->Put(std::move(job))) return;
  home_.Post([answers = answers_] {
    for (const std::shared_ptr<HttpJob>& answered : answers->TakeAll()) {
      if (answered->asker != nullptr) answered->asker->Wake();
    }
  });
}

}  // namespace xsweep
