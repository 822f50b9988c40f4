// Socket: a connection on a loop that coroutines read and write, and the door at which connections arrive.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/io_loop.h"

namespace xsweep {

/// Owns a stream descriptor and closes it. At most one coroutine reads and one writes at a time. Belongs to the thread
/// of its loop. Destroying it under a waiting coroutine is a bug; destroying the coroutine with it is not.
class Socket {
 public:
  /// Makes `descriptor` non-blocking and watches it until the object goes.
  Socket(IoLoop& loop, int descriptor);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// What has arrived, at most `size` bytes; 0 when the peer has said its last. Fails with kWorld when the connection
  /// broke or nothing came until `deadline`, with kInterrupted when the loop was stopped.
  Async<Expected<std::size_t>> Read(char* into, std::size_t size, SteadyTime deadline);
  /// Sends all of it, or fails as Read does. `bytes` stays as it is until then.
  Async<Status> Write(std::string_view bytes, SteadyTime deadline);

  /// Whether the peer has closed, at least for writing.
  bool peer_left() const { return peer_left_; }
  /// Called once, from the loop, when the peer closes; at once when it has. An empty function takes it back.
  void OnPeerLeft(std::function<void()> tell);

  int descriptor() const { return descriptor_; }

 private:
  static constexpr std::size_t kWouldWait = static_cast<std::size_t>(-1);
  void Happened(std::uint32_t events);
  Expected<std::size_t> TryRead(char* into, std::size_t size) const;
  Async<Expected<std::size_t>> ReadLater(char* into, std::size_t size, SteadyTime deadline);
  Async<Status> WriteLater(std::string_view bytes, SteadyTime deadline);
  Async<Status> Await(Wait*& place, SteadyTime deadline);

  IoLoop& loop_;
  int descriptor_;
  bool peer_left_ = false;
  Wait* reader_ = nullptr;
  Wait* writer_ = nullptr;
  std::function<void()> tell_peer_left_;
};

/// A listening TCP port.
class Listener {
 public:
  /// `address` is a numeric IPv4 or IPv6 address; port 0 is any free one. Fails with kUser when it cannot be had.
  static Expected<Listener> Open(const std::string& address, int port);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int port() const { return port_; }
  /// Hands over every connection that arrives from now on, as a descriptor; without descriptors left it rests for a
  /// moment. `take` outlives the watching, which ends with this object. Call once; do not move afterwards.
  void Watch(IoLoop& loop, std::function<void(int descriptor)> take);

 private:
  Listener(int descriptor, int port) : descriptor_(descriptor), port_(port) {}
  void AcceptAll();
  void Rest();

  int descriptor_;
  int port_;
  IoLoop* loop_ = nullptr;
  std::function<void(int)> take_;
  IoLoop::TimerId rest_{};
};

}  // namespace xsweep
