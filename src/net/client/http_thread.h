// HttpThread: the thread on which the connections of an Http live, so that sending and receiving never wait for the
// thread that asks, nor it for them. Only http*.cc include it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "net/client/http_sink.h"
#include "net/client/http_types.h"
#include "net/io_loop.h"

namespace xsweep {

class HttpPool;
struct HttpTransfer;

/// What one thread leaves for another to fetch.
template <class T>
class Mailbox {
 public:
  /// True when it was empty, so that one message is enough to have a whole batch fetched.
  bool Put(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    return items_.size() == 1;
  }
  std::vector<T> TakeAll() {
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<T> items_;
};

/// A call on its way between the two threads; each member belongs to one of them at a time.
struct HttpJob {
  HttpRequest request;                              ///< the connections' thread, once it is started
  std::shared_ptr<HttpSink> sink{};                 ///< the same; may be empty
  std::expected<HttpResponse, HttpError> answer{};  ///< the same, until it is delivered
  HttpTransfer* transfer = nullptr;                 ///< the same
  Wait* asker = nullptr;                            ///< the asking thread; nullptr when it waits no longer
  std::atomic<bool> over{false};                    ///< both: nothing is left that could be given up
};

class HttpThread {
 public:
  /// Fails with kWorld where the process is out of descriptors or threads. `home` is the loop of the thread that asks
  /// and outlives this.
  static Expected<std::unique_ptr<HttpThread>> Start(IoLoop& home, HttpSettings settings);
  /// Closes the connections. Nobody waits for a call any more.
  ~HttpThread();
  HttpThread(const HttpThread&) = delete;
  HttpThread& operator=(const HttpThread&) = delete;

  /// The job's asker is woken on its own loop when the answer is there.
  void Perform(std::shared_ptr<HttpJob> job);
  /// For a job whose asker waits no longer.
  void GiveUp(std::shared_ptr<HttpJob> job);

 private:
  struct Order {
    std::shared_ptr<HttpJob> job;
    bool give_up;
  };
  using Answers = Mailbox<std::shared_ptr<HttpJob>>;

  HttpThread(IoLoop& home, HttpSettings settings) : home_(home), settings_(std::move(settings)) {}
  void Send(Order order);
  void Serve();
  void TakeOrders();
  Async<bool> Exchange(std::shared_ptr<HttpJob> job);
  void Deliver(std::shared_ptr<HttpJob> job);

  IoLoop& home_;
  const HttpSettings settings_;
  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_;
  HttpPool* pool_ = nullptr;
  Mailbox<Order> orders_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();  ///< may outlive this in what was posted
  std::thread thread_;
};

}  // namespace xsweep
