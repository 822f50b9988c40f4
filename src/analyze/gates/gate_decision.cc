// What one gate says of one piece of evidence.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/gates/gate_decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyze/gates/gate_sequential.h"
#include "analyze/numbers.h"

namespace xsweep {
namespace {

std::string Place(const Evidence& evidence) { return evidence.cell.empty() ? "the run" : evidence.cell; }

std::string SeenWords(const Gate& gate, const Evidence& evidence, const std::optional<stats::Interval>& bounds) {
  const bool difference = evidence.difference != nullptr;
  std::string text = difference ? Points(*evidence.estimate()) : Percent(evidence.estimate());
  if (bounds) text += " " + (difference ? SignedBoundsWords(*bounds) : BoundsWords(*bounds));
  text += fmt::format(" over {}", Count(evidence.n, "trial", "trials"));
  if (gate.rate == GateRate::kErrorRate) return text;
  return text + (gate.target == Basis::kTheseTasks ? " of these tasks" : "");
}

/// What an opposite bound on the wrong side says: "at least 12.1 % (99.75 % interval, 20 cells)".
std::string FailWords(const Gate& gate, const Evidence& evidence, const stats::Interval& bounds,
                      const Strictness& strict) {
  const double bound = WantsLow(gate) ? bounds.low : bounds.high;
  const std::string words = evidence.difference != nullptr ? Points(bound) : Percent(bound);
  return fmt::format("; {} {} ({} interval{})", WantsLow(gate) ? "at least" : "at most", words,
                     ConfidenceWords(strict.family()),
                     strict.cells > 1 ? fmt::format(", {} cells", strict.cells) : std::string());
}

/// Whether PASS stands had the lost trials been as bad as can be; says so where it does not.
bool StandsWithLost(const Gate& gate, const Evidence& evidence, double confidence, GateResult& result) {
  if (evidence.lost == 0) return true;
  const bool stands = PassesWithLost(gate, evidence, confidence);
  result.tipping_share = stands ? std::optional(1.0) : TippingShareOf(gate, evidence, confidence);
  if (stands) return true;
  const double share = std::floor(100 * result.tipping_share.value_or(0)) / 100;
  const std::string lost = Count(evidence.lost, "lost trial", "lost trials");
  if (gate.errors_as_seen) {
    result.explanation += fmt::format("; errors as seen: PASS stands only if at most {:.0f} % of the {} were {}",
                                      100 * share, lost, WantsLow(gate) ? "successes" : "failures");
    return true;
  }
  result.explanation += fmt::format(
      "; PASS only if at most {:.0f} % of the {} were {}; run them again: --resume "
      "--retry-errors",
      100 * share, lost, WantsLow(gate) ? "successes" : "failures");
  return false;
}

/// Why trials that count are no evidence of resistance; empty when they are.
std::string WhyUndelivered(const Gate& gate, const Evidence& evidence) {
  if (gate.rate != GateRate::kAsr || evidence.cell_aggregate == nullptr || !WantsLow(gate)) return {};
  const Tally& tally = evidence.cell_aggregate->tally;
  const std::int64_t undelivered = tally.of(Outcome::kNotExposed);
  if (2 * undelivered <= tally.attacked()) return {};
  return fmt::format(
      "the payload was delivered in {} of {} trials only: fewer than half are no evidence that it is resisted",
      tally.attacked() - undelivered, tally.attacked());
}

void AddTheseTasks(const Gate& gate, const Evidence& evidence, GateResult& result) {
  if (gate.target == Basis::kTheseTasks || !OnBound(gate) || evidence.tasks.empty()) return;
  Gate these = gate;
  these.target = Basis::kTheseTasks;
  const auto bounds = BoundsOf(these, evidence, 0.95);
  if (!bounds || !GateHolds(these, BoundOf(these, *bounds)) || !PassesWithLost(these, evidence, 0.95)) return;
  result.explanation += fmt::format(
      "; for {} alone it would PASS ({})",
      evidence.tasks.size() == 1 ? std::string("this task") : fmt::format("these {} tasks", evidence.tasks.size()),
      Percent(BoundOf(these, *bounds)));
}

void Decide(const Gate& gate, const Evidence& evidence, const Strictness& strict, GateResult& result) {
  const double value = *result.value;
  if (GateHolds(gate, value)) {
    result.held_back = WhyUndelivered(gate, evidence);
    if (!result.held_back.empty()) result.explanation += "; " + result.held_back;
    if (StandsWithLost(gate, evidence, strict.confidence, result) && result.held_back.empty()) {
      result.verdict = GateVerdict::kPass;
    }
    return;
  }
  if (!OnBound(gate)) {
    result.verdict = GateVerdict::kFail;
    return;
  }
  // FAIL needs the opposite bound: a gate that is missed by a bound alone may still be met with more trials.
  const auto opposite = BoundsOf(gate, evidence, strict.family());
  if (opposite && !GateHolds(gate, WantsLow(gate) ? opposite->low : opposite->high)) {
    result.verdict = GateVerdict::kFail;
    result.explanation += FailWords(gate, evidence, *opposite, strict);
    return;
  }
  AddTheseTasks(gate, evidence, result);
}

}  // namespace

std::string ConfidenceWords(double confidence) { return fmt::format("{:.4g} %", 100 * confidence); }

int Severity(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return 0;
    case GateVerdict::kInsufficient: return 1;
    case GateVerdict::kFail: return 2;
    case GateVerdict::kInvalid: return 3;
  }
  return 3;
}

bool Worse(const GateResult& a, const GateResult& b) {
  if (a.verdict != b.verdict) return Severity(a.verdict) > Severity(b.verdict);
  if (!a.value || !b.value) return !a.value && b.value;
  return WantsLow(a.gate) ? *a.value > *b.value : *a.value < *b.value;
}

GateResult EvaluateOne(const Gate& gate, const Evidence& evidence, const Strictness& strict) {
  GateResult result;
  result.gate = gate;
  result.cell = evidence.cell;
  result.n = evidence.n;
  result.confidence = strict.confidence;
  result.look = strict.look;
  result.verdict = GateVerdict::kInsufficient;
  const auto estimate = evidence.estimate();
  if (!estimate) {
    result.explanation = fmt::format("{}: {}", Place(evidence), evidence.why_nothing);
    return result;
  }
  result.bounds95 = BoundsOf(gate, evidence, strict.confidence);
  result.explanation = fmt::format("{}: {}", Place(evidence), SeenWords(gate, evidence, result.bounds95));
  if (gate.sequential && gate.target == Basis::kTheseTasks && evidence.difference == nullptr) {
    result.value = estimate;
    const EvidenceVerdict said = VerdictByEvidence(gate, evidence, strict.family());
    result.verdict = said.verdict;
    result.explanation += said.words;
    return result;
  }
  if (OnBound(gate) && !result.bounds95) {
    result.explanation += "; one task says nothing about others";
    AddTheseTasks(gate, evidence, result);
    return result;
  }
  result.value = OnBound(gate) ? BoundOf(gate, *result.bounds95) : *estimate;
  Decide(gate, evidence, strict, result);
  return result;
}

}  // namespace xsweep
