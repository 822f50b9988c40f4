// What an environment is known to show: its state, and the arguments that its tools take.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "episode/catalog.h"

namespace xsweep {

/// Implemented by an EnvironmentSource whose state may not be seen; asked for by a dynamic_cast, because most show it.
class MayHideState {
 public:
  virtual ~MayHideState() = default;
  virtual bool shows_state() const = 0;
};

/// What makes conditions on the state of `environment` never hold; empty where its state is seen.
std::optional<std::string> WhyStateIsHidden(const EnvironmentSource& environment);

/// What is wrong with naming `argument` ("passengers.0.name": the first step counts) for a call of `tool`; empty where
/// its schema has it, names no arguments, or takes any.
std::optional<std::string> WhyNoArgument(const ToolSchema& tool, std::string_view argument);

}  // namespace xsweep
