// Claim: ranges of work, held by sockets without a file.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/claim.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/text.h"

namespace xsweep {
namespace {

/// Whether another socket of this kernel claims a part of [begin, end).
bool HeldElsewhere(const std::string& prefix, const std::string& own, std::uint64_t begin, std::uint64_t end) {
  std::ifstream table("/proc/net/unix");
  for (std::string line; std::getline(table, line);) {
    const auto at = line.find("@" + prefix);
    if (at == std::string::npos || line.substr(at + 1) == own) continue;
    const auto bounds = Split(std::string_view(line).substr(at + 1 + prefix.size()), '-');
    if (bounds.size() < 2) continue;
    const auto from = ParseUnsigned(bounds[0]);
    const auto to = ParseUnsigned(bounds[1]);
    if (from && to && *from < end && begin < *to) return true;
  }
  return false;
}

}  // namespace

std::optional<Claim> Claim::Take(std::string_view subject, std::uint64_t begin, std::uint64_t end) {
  const std::string prefix = fmt::format("xsweep/{:016x}/", Hash64(subject));
  const std::string own = fmt::format("{}{}-{}-{}", prefix, begin, end, ::getpid());
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(&address.sun_path[1], own.data(), own.size());
  const auto size = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + 1 + own.size());
  Claim claim(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // Where sockets are forbidden there is no courtesy, and nothing else is lost.
  if (claim.socket_ < 0) return claim;
  // The name is taken only by this very process, which then claims the same range twice.
  if (::bind(claim.socket_, reinterpret_cast<const struct sockaddr*>(&address), size) != 0) return std::nullopt;
  if (HeldElsewhere(prefix, own, begin, end)) return std::nullopt;
  return claim;
}

Claim::Claim(Claim&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
Claim::~Claim() {
  if (socket_ >= 0) ::close(socket_);
}

}  // namespace xsweep
