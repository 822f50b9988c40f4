// A fast 64-bit fingerprint of bytes.
// SPDX-License-Identifier: Apache-2.0
#include "base/fingerprint.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace xsweep {

std::uint64_t Fingerprint(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace xsweep
