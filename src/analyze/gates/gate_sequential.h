// GateSequential: gates that may be looked at at any time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "analyze/gates/gate_evidence.h"
#include "words/names.h"

namespace xsweep {

struct EvidenceVerdict {
  GateVerdict verdict = GateVerdict::kInsufficient;
  std::string words;
};

/// A sequential gate on these tasks: evidence that may be looked at at any time. FAIL has to be shown at
/// `fail_confidence`, which all cells share.
EvidenceVerdict VerdictByEvidence(const Gate& gate, const Evidence& evidence, double fail_confidence);

}  // namespace xsweep
