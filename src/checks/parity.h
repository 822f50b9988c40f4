// Parity: the same calls on a native desk and on a bridged worker, until the first byte that differs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace xsweep {

struct ParityRequest {
  std::string environment, data;
  std::string worker;  ///< its command, words split at spaces
  int calls = 1000;
  int seed = 1;
  int timeout = 60;
};

/// Plays every task's reference actions and `calls` odd ones on both sides; compares texts, errors and state hashes,
/// and prints what came of it. Returns kExitFail at the first difference.
Expected<int> CheckParity(const ParityRequest& request);

}  // namespace xsweep
