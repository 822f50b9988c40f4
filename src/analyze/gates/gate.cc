// Gate: one condition on an aggregate.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/gates/gate.h"

namespace xsweep {

bool WantsLow(const Gate& gate) { return gate.order == GateOrder::kLess || gate.order == GateOrder::kLessOrEqual; }

bool GateHolds(const Gate& gate, double value) {
  switch (gate.order) {
    case GateOrder::kLess: return value < gate.threshold;
    case GateOrder::kLessOrEqual: return value <= gate.threshold;
    case GateOrder::kGreater: return value > gate.threshold;
    case GateOrder::kGreaterOrEqual: return value >= gate.threshold;
  }
  return false;
}

bool OnBound(const Gate& gate) { return gate.bound != GateBound::kValue && gate.bound != GateBound::kDelta; }

}  // namespace xsweep
