// ChangesTools: what an attack may do to tools after the agent has seen them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace xsweep {

/// Implemented by an Attack whose tools stand harmless at first (a rug pull); asked for by a dynamic_cast, because most
/// have one text for the whole trial.
class ChangesTools {
 public:
  virtual ~ChangesTools() = default;
  /// Whether Attack::PoisonTools is to be asked anew before the agent's coming turn; false again once it was.
  virtual bool tools_due() const = 0;
};

}  // namespace xsweep
