// A peer of the HTTP server that says exactly what it is told.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <string_view>

#include "net/io_loop.h"
#include "net/socket.h"

namespace xsweep {

/// On the server's own loop.
class Stranger {
 public:
  Stranger(IoLoop& loop, int port) : loop_(loop), socket_(loop, Connect(port)) {}
  Async<bool> Say(std::string_view bytes) {
    const Status sent = co_await socket_.Write(bytes, loop_.clock().Now() + std::chrono::seconds(5));
    co_return sent.has_value();
  }
  /// What comes until the server closes, `until` is in it, or the time is over.
  Async<std::string> Hear(std::string until = {}, std::chrono::milliseconds time = std::chrono::seconds(3)) {
    const SteadyTime deadline = loop_.clock().Now() + time;
    std::string heard;
    char piece[4096];
    std::size_t from = 0;
    while (until.empty() || heard.find(until, from) == std::string::npos) {
      from = heard.size() < until.size() ? 0 : heard.size() - until.size();
      const auto got = co_await socket_.Read(piece, sizeof piece, deadline);
      if (!got || *got == 0) break;
      heard.append(piece, *got);
    }
    co_return heard;
  }

 private:
  static int Connect(int port) {
    const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return peer;
  }
  IoLoop& loop_;
  Socket socket_;
};

}  // namespace xsweep
