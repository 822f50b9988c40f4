// HttpPool: the connections behind Http, as libcurl keeps them, driven by the loop.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/http_pool.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::size_t kIdleHandles = 4096;
constexpr std::size_t kHandlesLookedAt = 8;
constexpr long kMostConnections = 4096;

}  // namespace

HttpPool::HttpPool(IoLoop& loop, HttpSettings settings) : loop_(loop), settings_(std::move(settings)) {
  CHECK(Curl().global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl does not start");
  std::signal(SIGPIPE, SIG_IGN);
  for (Lane& lane : lanes_) {
    lane.pool = this;
    lane.multi = Curl().multi_init();
    CHECK(lane.multi != nullptr, "libcurl is out of memory");
    Curl().multi_setopt(lane.multi, CURLMOPT_SOCKETFUNCTION, &HttpPool::OnSocket);
    Curl().multi_setopt(lane.multi, CURLMOPT_SOCKETDATA, &lane);
    Curl().multi_setopt(lane.multi, CURLMOPT_TIMERFUNCTION, &HttpPool::OnTimer);
    Curl().multi_setopt(lane.multi, CURLMOPT_TIMERDATA, &lane);
    // By default libcurl keeps four connections for each call under way: between two bursts it would close the others.
    Curl().multi_setopt(lane.multi, CURLMOPT_MAXCONNECTS, kMostConnections);
  }
}

HttpPool::~HttpPool() {
  for (Lane& lane : lanes_) {
    CHECK(lane.busy == 0, "Http was destroyed while a call was under way");
    Curl().multi_cleanup(lane.multi);
    if (lane.armed) loop_.CancelTimer(lane.timer);
  }
  if (soon_) loop_.CancelTimer(*soon_);
  idle_.clear();
  Curl().global_cleanup();
}

HttpHandle HttpPool::TakeHandle(const HttpRequest& request) {
  const std::size_t looked_at = std::min(idle_.size(), kHandlesLookedAt);
  const auto fits = [&](const HttpHandle& handle) { return handle.Fits(request); };
  const auto found = std::find_if(idle_.rbegin(), idle_.rbegin() + static_cast<std::ptrdiff_t>(looked_at), fits);
  const bool ready = found != idle_.rbegin() + static_cast<std::ptrdiff_t>(looked_at);
  if (ready) std::swap(*found, idle_.back());
  HttpHandle handle = idle_.empty() ? HttpHandle() : std::move(idle_.back());
  if (!idle_.empty()) idle_.pop_back();
  if (!ready) handle.SetUp(request, settings_);
  return handle;
}

void HttpPool::ReturnHandle(HttpHandle handle) {
  if (idle_.size() < kIdleHandles) idle_.push_back(std::move(handle));
}

HttpPool::Lane& HttpPool::LaneFor(const std::string& url) {
  if (AsciiLower(url.substr(0, 6)) == "https:") return lanes_.back();
  return *std::min_element(lanes_.begin(), lanes_.end() - 1,
                           [](const Lane& a, const Lane& b) { return a.busy < b.busy; });
}

void HttpPool::EndResolving(const std::string& origin, bool found) {
  resolving_.erase(origin);
  if (found) known_.insert(origin);
  for (Wait* wait : awaiting_name_) wait->Wake();
  awaiting_name_.clear();
}

// Of a connection that rests between two calls libcurl forgets the socket, and asks for the same events when it is
// used again. The loop goes on watching it meanwhile, which saves two system calls a call. Other sockets (those of a
// lookup) may be closed without a word, so they are let go at once.
int HttpPool::OnSocket(CURL*, curl_socket_t socket, int what, void* lane_pointer, void* known) {
  Lane& lane = *static_cast<Lane*>(lane_pointer);
  HttpPool& pool = *lane.pool;
  const auto connection = pool.connections_.find(socket);
  const bool is_connection = connection != pool.connections_.end();
  if (what == CURL_POLL_REMOVE) {
    if (is_connection) {
      connection->second.resting = true;
    } else {
      pool.loop_.Unwatch(socket);
    }
    return 0;
  }
  std::uint32_t events = 0;
  if (what & CURL_POLL_IN) events |= EPOLLIN;
  if (what & CURL_POLL_OUT) events |= EPOLLOUT;
  const std::uint32_t watched = is_connection ? connection->second.events : 0;
  if (is_connection) connection->second = {events, false};
  if (known == nullptr) Curl().multi_assign(lane.multi, socket, &lane);
  if (known == nullptr && watched == 0) {
    pool.Watch(lane, socket, events);
  } else if (watched != events) {
    pool.loop_.Rewatch(socket, events);
  }
  return 0;
}

void HttpPool::Watch(Lane& lane, curl_socket_t socket, std::uint32_t events) {
  loop_.Watch(socket, events, [this, &lane, socket](std::uint32_t got) { OnEvents(lane, socket, got); });
}

void HttpPool::OnEvents(Lane& lane, curl_socket_t socket, std::uint32_t events) {
  const auto connection = connections_.find(socket);
  if (connection != connections_.end() && connection->second.resting) {
    // Closed by the server, most likely; libcurl finds out when it wants to use it.
    loop_.Unwatch(socket);
    connection->second.events = 0;
    return;
  }
  int bits = 0;
  if (events & EPOLLIN) bits |= CURL_CSELECT_IN;
  if (events & EPOLLOUT) bits |= CURL_CSELECT_OUT;
  if (events & (EPOLLERR | EPOLLHUP)) bits |= CURL_CSELECT_ERR;
  Drive(lane, socket, bits);
}

int HttpPool::OnClose(void* pool_pointer, curl_socket_t socket) {
  HttpPool& pool = *static_cast<HttpPool*>(pool_pointer);
  pool.connections_.erase(socket);
  pool.loop_.Unwatch(socket);
  return ::close(socket);
}

// libcurl changes its mind about its next timeout several times a call, so a timer is not moved to a later time: one
// that fires too early asks again.
int HttpPool::OnTimer(CURLM*, long timeout_ms, void* lane_pointer) {
  Lane& lane = *static_cast<Lane*>(lane_pointer);
  lane.wanted.reset();
  if (timeout_ms == 0) {
    lane.pool->CallSoon(lane);
  } else if (timeout_ms > 0) {
    lane.wanted = lane.pool->loop_.clock().Now() + std::chrono::milliseconds(timeout_ms);
    lane.pool->Arm(lane);
  }
  return 0;
}

void HttpPool::CallSoon(Lane& lane) {
  if (lane.due) return;
  lane.due = true;
  due_.push_back(&lane);
  if (due_.size() == 1) soon_ = loop_.CallAt(loop_.clock().Now(), [this] { DriveDue(); });
}

void HttpPool::DriveDue() {
  soon_.reset();
  for (Lane* lane : std::exchange(due_, {})) {
    lane->due = false;
    Drive(*lane, CURL_SOCKET_TIMEOUT, 0);
  }
}

void HttpPool::Arm(Lane& lane) {
  if (lane.armed && lane.timer.first <= *lane.wanted) return;
  if (lane.armed) loop_.CancelTimer(lane.timer);
  lane.armed = true;
  lane.timer = loop_.CallAt(*lane.wanted, [this, &lane] {
    lane.armed = false;
    if (!lane.wanted) return;
    if (*lane.wanted <= loop_.clock().Now()) return Drive(lane, CURL_SOCKET_TIMEOUT, 0);
    Arm(lane);
  });
}

void HttpPool::Drive(Lane& lane, curl_socket_t socket, int what) {
  int running = 0;
  Curl().multi_socket_action(lane.multi, socket, what, &running);
  CollectFinished(lane);
  for (HttpPooled* transfer : std::exchange(filled_, {})) transfer->HandOn();
}

void HttpPool::CollectFinished(Lane& lane) {
  int left = 0;
  while (const CURLMsg* message = Curl().multi_info_read(lane.multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    HttpPooled* call = nullptr;
    Curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
    call->Finish(message->data.result);
  }
}

}  // namespace xsweep
