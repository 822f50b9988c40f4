// The one error system: where a broken CHECK ends.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cstdio>
#include <cstdlib>

namespace xsweep {

void CheckFailed(std::string_view condition, std::string_view message, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error: %.*s (%.*s does not hold)\n", file, line,
               static_cast<int>(message.size()), message.data(), static_cast<int>(condition.size()), condition.data());
  std::abort();
}

}  // namespace xsweep
