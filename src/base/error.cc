// The one error system: how errors are made, and where a broken CHECK ends.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cstdio>
#include <cstdlib>

namespace xsweep {
namespace {

std::unexpected<Error> Make(ErrorKind kind, std::string_view message, std::string_view where) {
  return std::unexpected(Error{kind, std::string(message), std::string(where)});
}

}  // namespace

std::unexpected<Error> UserError(std::string_view message, std::string_view where) {
  return Make(ErrorKind::kUser, message, where);
}
std::unexpected<Error> WorldError(std::string_view message, std::string_view where) {
  return Make(ErrorKind::kWorld, message, where);
}
std::unexpected<Error> EpisodeError(std::string_view message, std::string_view where) {
  return Make(ErrorKind::kEpisode, message, where);
}
std::unexpected<Error> InternalError(std::string_view message, std::string_view where) {
  return Make(ErrorKind::kInternal, message, where);
}

void CheckFailed(std::string_view condition, std::string_view message, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error: %.*s (%.*s does not hold)\n", file, line,
               static_cast<int>(message.size()), message.data(), static_cast<int>(condition.size()), condition.data());
  std::abort();
}

}  // namespace xsweep
