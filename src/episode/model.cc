// Usage sums and the names of model roles.
// SPDX-License-Identifier: Apache-2.0
#include "episode/model.h"

#include <array>

namespace xsweep {

std::string_view ModelRoleName(ModelRole role) {
  static constexpr std::array<std::string_view, kModelRoles> kNames = {"agent", "user", "attacker", "defense", "judge"};
  return kNames[static_cast<std::size_t>(role)];
}

Usage& Usage::operator+=(const Usage& other) {
  calls += other.calls;
  prompt_tokens += other.prompt_tokens;
  completion_tokens += other.completion_tokens;
  cost_nano_usd += other.cost_nano_usd;
  cost_known = cost_known && other.cost_known;
  return *this;
}

}  // namespace xsweep
