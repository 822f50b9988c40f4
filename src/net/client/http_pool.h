// HttpPool: the connections behind Http, as libcurl keeps them, driven by the loop. Only http*.cc include it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/client/curl.h"
#include "net/client/http_handle.h"
#include "net/client/http_types.h"
#include "net/io_loop.h"

namespace xsweep {

/// Whose end a pool tells: what libcurl keeps as the private pointer of a handle, set as a pointer to this base.
struct HttpPooled {
  virtual void Finish(CURLcode result) = 0;
  /// Passes on what came in since, unless the end did as well; see `HttpPool::Filled`.
  virtual void HandOn() = 0;

 protected:
  ~HttpPooled() = default;
};

/// Lanes of connections, idle handles, and the transfers that wait for a name.
class HttpPool {
 public:
  struct Lane {
    HttpPool* pool = nullptr;
    CURLM* multi = nullptr;
    std::size_t busy = 0;
    bool due = false;                  ///< libcurl wants to be called as soon as may be
    std::optional<SteadyTime> wanted;  ///< when it wants to be called later
    bool armed = false;
    IoLoop::TimerId timer;  ///< not after `wanted`
  };

  HttpPool(IoLoop& loop, HttpSettings settings);
  ~HttpPool();
  HttpPool(const HttpPool&) = delete;
  HttpPool& operator=(const HttpPool&) = delete;

  IoLoop& loop() { return loop_; }
  /// Set up for the request but for its body and whose call it is.
  HttpHandle TakeHandle(const HttpRequest& request);
  void ReturnHandle(HttpHandle handle);
  Lane& LaneFor(const std::string& url);
  /// True when nobody is asking for this name right now; the caller then asks. libcurl starts a thread per lookup, so
  /// a burst of calls to one name must not all ask at once.
  bool MayResolve(const std::string& origin) { return !resolving_.contains(origin); }
  void StartResolving(const std::string& origin) { resolving_.insert(origin); }
  void EndResolving(const std::string& origin, bool found);
  bool Known(const std::string& origin) const { return known_.contains(origin); }
  void AwaitName(Wait* wait) { awaiting_name_.push_back(wait); }
  void ForgetWait(Wait* wait) { std::erase(awaiting_name_, wait); }
  void Drive(Lane& lane, curl_socket_t socket, int what);
  /// To be called once for a transfer that got something to pass on while libcurl runs: libcurl hands over a chunk at a
  /// time, and of one read a stream may get twenty, for each of which its reader would have to be woken.
  void Filled(HttpPooled* transfer) { filled_.push_back(transfer); }
  /// A socket of a connection was made; libcurl tells of its end by `OnClose`.
  void Opened(curl_socket_t socket) { connections_[socket] = {}; }
  static int OnClose(void* pool, curl_socket_t socket);

 private:
  // libcurl looks for an idle connection by walking all that it has to one host: with 2,000 in flight that walk is most
  // of a call. Cleartext HTTP, which cannot multiplex, is therefore spread over several libcurl pools.
  static constexpr std::size_t kLanes = 24;

  struct Connection {
    std::uint32_t events = 0;  ///< what the loop watches it for; 0: it does not
    bool resting = false;      ///< libcurl has no use for it at present
  };

  static int OnSocket(CURL*, curl_socket_t socket, int what, void* lane, void* known);
  static int OnTimer(CURLM*, long timeout_ms, void* lane);
  void Watch(Lane& lane, curl_socket_t socket, std::uint32_t events);
  void OnEvents(Lane& lane, curl_socket_t socket, std::uint32_t events);
  void CallSoon(Lane& lane);
  void DriveDue();
  void Arm(Lane& lane);
  void CollectFinished(Lane& lane);

  IoLoop& loop_;
  HttpSettings settings_;
  std::array<Lane, kLanes + 1> lanes_;  ///< the last one is for TLS, where HTTP/2 shares one connection
  std::vector<Lane*> due_;
  std::optional<IoLoop::TimerId> soon_;  ///< set while any lane is due
  std::vector<HttpPooled*> filled_;      ///< while libcurl runs
  std::vector<HttpHandle> idle_;
  std::unordered_map<curl_socket_t, Connection> connections_;
  std::set<std::string> resolving_;
  std::set<std::string> known_;
  std::vector<Wait*> awaiting_name_;
};

}  // namespace xsweep
