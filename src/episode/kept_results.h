// Kept results: whether anybody stands between a tool and the agent who may change what comes back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode/roles.h"

namespace xsweep {

/// Implemented by a Defense that knows it changes no result that it lets through; asked for by a dynamic_cast, because
/// most do. What it withholds is an error to the agent and no result.
class LeavesResults {
 public:
  virtual ~LeavesResults() = default;
  virtual bool leaves_results() const { return true; }
};

/// Implemented by an Agent that is promised a form of its results; asked for by a dynamic_cast.
class PromisedForms {
 public:
  virtual ~PromisedForms() = default;
  /// Before its first turn: no result will be another than the tool's own. Not called when one may be.
  virtual void ResultsAreKept() = 0;
};

inline void TellResultsAreKept(Agent& agent) {
  if (auto* promised = dynamic_cast<PromisedForms*>(&agent)) promised->ResultsAreKept();
}

}  // namespace xsweep
