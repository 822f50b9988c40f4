// RandomToken: names that nobody can guess, for addresses that live as long as a trial.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace xsweep {

/// 128 bits of the system's randomness as 32 hex digits. Never part of a result.
std::string RandomToken();

}  // namespace xsweep
