// Where the values are that the statistics must have.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>

namespace xsweep::stats {

/// What the environment names, or `file` beside the checkout.
inline std::string VectorsPath(const char* variable, const std::string& file) {
  const char* named = std::getenv(variable);
  return named != nullptr ? named : std::string(XSWEEP_SOURCE_DIR) + "/../shared/vectors/" + file;
}

}  // namespace xsweep::stats
