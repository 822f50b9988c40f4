// Agents whose tools are their own: what passes between such an agent, the loop and the environment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "episode/roles.h"

namespace xsweep {

/// Knows what a call brought that was executed by somebody else.
class ResultSource {
 public:
  virtual ~ResultSource() = default;
  /// Waits for it. Fails with kEpisode when nobody stands where such results come by.
  virtual Async<Expected<ToolOutcome>> ResultOf(ToolCall call) = 0;
};

/// Implemented by an Environment whose tools are the agent's own; asked for by a dynamic_cast.
class ToolsElsewhere {
 public:
  virtual ~ToolsElsewhere() = default;
  /// Whether they are; then results come from `source`.
  virtual bool Attach(std::weak_ptr<ResultSource> source) const = 0;
};

/// Implemented by an Agent that has to know what was decided about its turn before any of it is executed.
class HearsDecisions {
 public:
  virtual ~HearsDecisions() = default;
  virtual void Decided(const std::vector<ToolCall>& calls, const std::vector<bool>& denied) = 0;
  /// Told before the first turn where the defense denies no call: then nothing has to wait for its word.
  virtual void ExpectNoDenial() = 0;
};

/// Implemented by a Defense that denies no call, whatever it does with texts; asked for by a dynamic_cast.
class DeniesNoCall {
 public:
  virtual ~DeniesNoCall() = default;
};

}  // namespace xsweep
