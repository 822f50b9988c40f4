// What one gate says of one piece of evidence.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "analyze/gates/gate.h"
#include "analyze/gates/gate_evidence.h"

namespace xsweep {

/// How sure a look has to be, and of how many cells it speaks.
struct Strictness {
  double confidence = 0.95;
  std::int64_t look = 1;
  std::size_t cells = 1;
  /// All cells together may be wrong as often as one: FAIL asks each for that much more.
  double family() const { return 1 - (1 - confidence) / static_cast<double>(cells); }
};

/// INVALID over FAIL over INSUFFICIENT over PASS.
int Severity(GateVerdict verdict);
/// The worst verdict; among equals the one furthest on the wrong side.
bool Worse(const GateResult& a, const GateResult& b);

/// "95 %".
std::string ConfidenceWords(double confidence);

GateResult EvaluateOne(const Gate& gate, const Evidence& evidence, const Strictness& strict);

}  // namespace xsweep
