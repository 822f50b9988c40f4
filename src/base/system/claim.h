// Claim: says that this process works on a range of something, so that no other on this machine does the same work.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace xsweep {

/// A name in the kernel's table of sockets: it ends with the process however that dies, leaves no file behind and needs
/// no lock on a shared file system. A courtesy, not a guarantee: processes on other machines or in other network
/// namespaces do not see it.
class Claim {
 public:
  /// Claims [begin, end) of `subject`. Empty when a process of this machine holds a part of it.
  static std::optional<Claim> Take(std::string_view subject, std::uint64_t begin, std::uint64_t end);
  Claim(Claim&& other) noexcept;
  Claim& operator=(Claim&&) = delete;
  ~Claim();

 private:
  explicit Claim(int socket) : socket_(socket) {}
  int socket_;
};

}  // namespace xsweep
