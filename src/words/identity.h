// CallIdentity: who asks a model, and in which trial.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "words/names.h"

namespace xsweep {

/// Who asks: the identity of one exchange, stable over repeats and resumes; the key of recordings and the source of
/// back-off jitter.
struct CallIdentity {
  std::string cell;
  std::string task;
  std::uint64_t seed = 0;
  std::uint32_t trial = 0;
  Role role = Role::kAgent;
  std::uint32_t turn = 0;  ///< counts this role's exchanges in this trial, from 0
};

}  // namespace xsweep
