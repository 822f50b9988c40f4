// GateSequential: gates that may be looked at at any time.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/gates/gate_sequential.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "analyze/numbers.h"
#include "stats/sequential.h"

namespace xsweep {
namespace {

/// Logarithms of the evidence for PASS and for FAIL. Lost trials speak against either, unless they are taken as seen.
struct VerdictEvidence {
  double pass = 0, fail = 0;
};

VerdictEvidence WeighEvidence(const Gate& gate, const Evidence& evidence) {
  const std::int64_t lost = gate.errors_as_seen ? 0 : evidence.lost;
  const auto weigh = [&](std::int64_t successes) {
    return stats::EvidenceAgainst(gate.threshold, successes, evidence.n + lost);
  };
  const stats::LogEvidence least = weigh(evidence.successes), most = weigh(evidence.successes + lost);
  return WantsLow(gate) ? VerdictEvidence{most.below, least.above} : VerdictEvidence{least.above, most.below};
}

/// "; 418 trials saved": of a run that stopped as soon as its gates were decided.
std::string SavedWords(const Evidence& evidence) {
  const std::int64_t saved =
      evidence.cell_aggregate == nullptr ? 0 : evidence.cell_aggregate->tally.of(Outcome::kSkipped);
  return saved > 0 ? fmt::format("; {} saved", Count(saved, "trial", "trials")) : std::string();
}

}  // namespace

EvidenceVerdict VerdictByEvidence(const Gate& gate, const Evidence& evidence, double fail_confidence) {
  EvidenceVerdict said;
  const auto rounds = RoundsOf(gate, evidence);
  if (!rounds) {
    said.words = "; its tasks have unequal numbers of trials, so the last round is not complete: --resume";
    return said;
  }
  const auto [pass, fail] = WeighEvidence(gate, evidence);
  if (pass >= stats::EvidenceNeeded(0.95)) said.verdict = GateVerdict::kPass;
  if (fail >= stats::EvidenceNeeded(fail_confidence)) said.verdict = GateVerdict::kFail;
  const double shown = said.verdict == GateVerdict::kFail ? fail : pass;
  const std::string e = shown < 20 ? fmt::format("{:.3g}", std::exp(shown)) : fmt::format("exp({:.1f})", shown);
  said.words = fmt::format("; {} after {} ({}) in {}: e-value {}{}, may be looked at at any time", NameOf(said.verdict),
                           Count(evidence.n, "trial", "trials"), Count(evidence.successes, "success", "successes"),
                           Count(*rounds, "round", "rounds"), e, SavedWords(evidence));
  if (said.verdict == GateVerdict::kInsufficient && gate.max_rounds > 0 && *rounds >= gate.max_rounds) {
    said.words += fmt::format("; its {} rounds are used up", gate.max_rounds);
  }
  return said;
}

}  // namespace xsweep
