// Socket: edge-triggered reads and writes; Listener: accepting until there is nobody at the door.
// SPDX-License-Identifier: Apache-2.0
#include "net/socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/await.h"

namespace xsweep {
namespace {

constexpr std::uint32_t kAllEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

std::unexpected<Error> Broken(std::string_view what) {
  return WorldError(fmt::format("{}: {}", what, std::strerror(errno)), "connection");
}

}  // namespace

Socket::Socket(IoLoop& loop, int descriptor) : loop_(loop), descriptor_(descriptor) {
  ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
  const int yes = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // no effect on others than TCP
  loop_.Watch(descriptor_, kAllEvents, [this](std::uint32_t events) { Happened(events); });
}

Socket::~Socket() {
  loop_.Unwatch(descriptor_);
  ::close(descriptor_);
}

void Socket::Happened(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && !peer_left_) {
    peer_left_ = true;
    if (tell_peer_left_) std::exchange(tell_peer_left_, {})();
  }
  if (reader_ != nullptr && (events & ~EPOLLOUT) != 0) reader_->Wake();
  if (writer_ != nullptr && (events & ~EPOLLIN) != 0) writer_->Wake();
}

void Socket::OnPeerLeft(std::function<void()> tell) {
  if (peer_left_ && tell) return tell();
  tell_peer_left_ = std::move(tell);
}

Async<Status> Socket::Await(Wait*& place, SteadyTime deadline) {
  if (loop_.clock().Now() >= deadline) co_return WorldError("nothing moved in time", "connection");
  auto waiting = AwaitUntil(loop_, place, deadline);
  CO_TRY_ASSIGN(const bool woken, co_await waiting);
  if (!woken) co_return WorldError("nothing moved in time", "connection");
  co_return Status();
}

Expected<std::size_t> Socket::TryRead(char* into, std::size_t size) const {
  for (;;) {
    const ssize_t got = ::recv(descriptor_, into, size, 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return kWouldWait;
    if (errno != EINTR) return Broken("the connection broke");
  }
}

Async<Expected<std::size_t>> Socket::Read(char* into, std::size_t size, SteadyTime deadline) {
  auto got = TryRead(into, size);
  if (!got || *got != kWouldWait) return got;
  return ReadLater(into, size, deadline);
}

Async<Expected<std::size_t>> Socket::ReadLater(char* into, std::size_t size, SteadyTime deadline) {
  for (;;) {
    CO_TRY(co_await Await(reader_, deadline));
    auto got = TryRead(into, size);
    if (!got || *got != kWouldWait) co_return got;
  }
}

Async<Status> Socket::Write(std::string_view bytes, SteadyTime deadline) {
  // Nearly always the kernel takes all of it at once.
  const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0 && static_cast<std::size_t>(sent) == bytes.size()) return Status();
  if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return Status(Broken("the peer is gone"));
  return WriteLater(bytes, deadline);
}

Async<Status> Socket::WriteLater(std::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      CO_TRY(co_await Await(writer_, deadline));
    } else if (errno != EINTR) {
      co_return Broken("the peer is gone");
    }
  }
  co_return Status();
}

Expected<Listener> Listener::Open(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return UserError("is no numeric address; 127.0.0.1 is this machine alone, 0.0.0.0 everybody who can reach it",
                     address);
  }
  const int listener = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound =
      listener >= 0 && ::bind(listener, found->ai_addr, found->ai_addrlen) == 0 && ::listen(listener, 1024) == 0;
  const int code = errno;
  ::freeaddrinfo(found);
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  std::array<char, 16> text{};
  if (!bound || ::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&name), size, nullptr, 0, text.data(), text.size(), NI_NUMERICSERV) !=
          0) {
    if (listener >= 0) ::close(listener);
    return UserError(
        fmt::format("cannot listen: {}; choose another port with --port (0: any free one)", std::strerror(code)),
        fmt::format("{}:{}", address, port));
  }
  return Listener(listener, std::stoi(text.data()));
}

Listener::Listener(Listener&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), port_(other.port_) {
  CHECK(other.loop_ == nullptr, "a listener that watches was moved");
}

Listener::~Listener() {
  if (descriptor_ < 0) return;
  if (loop_ != nullptr) {
    loop_->CancelTimer(rest_);
    loop_->Unwatch(descriptor_);
  }
  ::close(descriptor_);
}

void Listener::Watch(IoLoop& loop, std::function<void(int)> take) {
  loop_ = &loop;
  take_ = std::move(take);
  loop_->Watch(descriptor_, EPOLLIN, [this](std::uint32_t) { AcceptAll(); });
}

void Listener::AcceptAll() {
  for (;;) {
    const int connection = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection >= 0) {
      take_(connection);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return Rest();
    }
  }
}

// Out of descriptors or memory: the door would report its visitor again and again without anybody able to let him in.
void Listener::Rest() {
  loop_->Unwatch(descriptor_);
  rest_ = loop_->CallAt(loop_->clock().Now() + std::chrono::milliseconds(100),
                        [this] { loop_->Watch(descriptor_, EPOLLIN, [this](std::uint32_t) { AcceptAll(); }); });
}

}  // namespace xsweep
