// HttpPool: the connections behind Http, as libcurl keeps them, driven by the loop.
// SPDX-License-Identifier: Apache-2.0
#include "base/http_pool.h"

#include <sys/epoll.h>

#include <algorithm>
#include <csignal>

#include "base/http_transfer.h"
#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::size_t kIdleHandles = 4096;
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
  idle_.clear();
  Curl().global_cleanup();
}

CurlEasy HttpPool::TakeEasy() {
  if (idle_.empty()) return CurlEasy(Curl().easy_init());
  CurlEasy easy = std::move(idle_.back());
  idle_.pop_back();
  return easy;
}

void HttpPool::ReturnEasy(CurlEasy easy) {
  if (idle_.size() >= kIdleHandles) return;
  Curl().easy_reset(easy.get());
  idle_.push_back(std::move(easy));
}

HttpPool::Lane& HttpPool::LaneFor(const std::string& url) {
  if (AsciiLower(url.substr(0, 6)) == "https:") return lanes_.back();
  return *std::min_element(lanes_.begin(), lanes_.end() - 1,
                           [](const Lane& a, const Lane& b) { return a.busy < b.busy; });
}

void HttpPool::Configure(CURL* easy, const HttpRequest& request) const {
  Curl().easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  Curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A name that is not found yet when a call is given up: its thread is left to end by itself, nobody waits for it.
  Curl().easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  Curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  Curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  if (request.url[4] == 's' || request.url[4] == 'S') Curl().easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  if (!settings_.proxy_from_environment) Curl().easy_setopt(easy, CURLOPT_PROXY, "");
  if (!settings_.ca_file.empty()) Curl().easy_setopt(easy, CURLOPT_CAINFO, settings_.ca_file.c_str());
  Curl().easy_setopt(easy, CURLOPT_USERAGENT, settings_.user_agent.c_str());
  Curl().easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  Curl().easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 600L);
  Curl().easy_setopt(easy, CURLOPT_BUFFERSIZE, 8192L);
  Curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeouts.connect.count()));
  Curl().easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeouts.total.count()));
}

void HttpPool::EndResolving(const std::string& origin, bool found) {
  resolving_.erase(origin);
  if (found) known_.insert(origin);
  for (Wait* wait : awaiting_name_) wait->Wake();
  awaiting_name_.clear();
}

int HttpPool::OnSocket(CURL*, curl_socket_t socket, int what, void* lane_pointer, void* known) {
  Lane& lane = *static_cast<Lane*>(lane_pointer);
  IoLoop& loop = lane.pool->loop_;
  if (what == CURL_POLL_REMOVE) {
    loop.Unwatch(socket);
    return 0;
  }
  std::uint32_t events = 0;
  if (what & CURL_POLL_IN) events |= EPOLLIN;
  if (what & CURL_POLL_OUT) events |= EPOLLOUT;
  if (known != nullptr) {
    loop.Rewatch(socket, events);
    return 0;
  }
  Curl().multi_assign(lane.multi, socket, &lane);
  loop.Watch(socket, events, [&lane, socket](std::uint32_t got) {
    int bits = 0;
    if (got & EPOLLIN) bits |= CURL_CSELECT_IN;
    if (got & EPOLLOUT) bits |= CURL_CSELECT_OUT;
    if (got & (EPOLLERR | EPOLLHUP)) bits |= CURL_CSELECT_ERR;
    lane.pool->Drive(lane, socket, bits);
  });
  return 0;
}

int HttpPool::OnTimer(CURLM*, long timeout_ms, void* lane) {
  Lane& armed = *static_cast<Lane*>(lane);
  armed.pool->Arm(armed, timeout_ms);
  return 0;
}

void HttpPool::Arm(Lane& lane, long timeout_ms) {
  if (lane.armed) loop_.CancelTimer(lane.timer);
  lane.armed = timeout_ms >= 0;
  if (!lane.armed) return;
  const SteadyTime when = loop_.clock().Now() + std::chrono::milliseconds(timeout_ms);
  lane.timer = loop_.CallAt(when, [this, &lane] {
    lane.armed = false;
    Drive(lane, CURL_SOCKET_TIMEOUT, 0);
  });
}

void HttpPool::Drive(Lane& lane, curl_socket_t socket, int what) {
  int running = 0;
  Curl().multi_socket_action(lane.multi, socket, what, &running);
  CollectFinished(lane);
}

void HttpPool::CollectFinished(Lane& lane) {
  int left = 0;
  while (const CURLMsg* message = Curl().multi_info_read(lane.multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    HttpTransfer* call = nullptr;
    Curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
    call->Finish(message->data.result);
  }
}

}  // namespace xsweep
