// Evaluates gates: what a bound says, and how many trials would decide where it says nothing.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace xsweep {
namespace {

constexpr double kLargestSample = 1e9;

/// What a gate looks at, whether a rate or a difference of two runs.
struct Evidence {
  std::string cell;
  std::optional<double> value;
  std::optional<stats::Interval> bounds95;
  std::int64_t n = 0;
  double effective_n = 0;  ///< of a rate; 0 for a difference
  bool clustered = false;
};

bool WantsLow(const Gate& gate) { return gate.order == GateOrder::kLess || gate.order == GateOrder::kLessOrEqual; }

bool Holds(const Gate& gate, double value) {
  switch (gate.order) {
    case GateOrder::kLess: return value < gate.threshold;
    case GateOrder::kLessOrEqual: return value <= gate.threshold;
    case GateOrder::kGreater: return value > gate.threshold;
    case GateOrder::kGreaterOrEqual: return value >= gate.threshold;
  }
  return false;
}

bool OnBound(const Gate& gate) { return gate.bound != GateBound::kValue && gate.bound != GateBound::kDelta; }
bool OnUpper(const Gate& gate) { return gate.bound == GateBound::kUpper95 || gate.bound == GateBound::kDeltaUpper95; }

double Compared(const Gate& gate, const Evidence& evidence) {
  if (!OnBound(gate)) return *evidence.value;
  return OnUpper(gate) ? evidence.bounds95->high : evidence.bounds95->low;
}

/// Fewest trials at the rate seen now whose interval lies on one side of the threshold; empty when it sits right on it.
std::optional<std::int64_t> TrialsToDecideRate(const Gate& gate, const Evidence& evidence) {
  const double z = stats::NormalQuantile(0.95);
  const auto decided = [&](double effective_n) {
    const stats::Interval bounds = stats::WilsonScore(*evidence.value, effective_n, z);
    return bounds.high < gate.threshold || bounds.low > gate.threshold;
  };
  double high = std::max(1.0, evidence.effective_n);
  while (!decided(high)) {
    high *= 2;
    if (high > kLargestSample) return std::nullopt;
  }
  double low = 0;
  while (high - low > 1e-6 * high) {
    const double middle = (low + high) / 2;
    (decided(middle) ? high : low) = middle;
  }
  const double per_effective = static_cast<double>(evidence.n) / std::max(1.0, evidence.effective_n);
  return static_cast<std::int64_t>(std::ceil(std::ceil(high - 1e-3) * per_effective));
}

/// An interval of a difference narrows with the root of its pairs.
std::optional<std::int64_t> TrialsToDecideDifference(const Gate& gate, const Evidence& evidence) {
  const double distance = std::abs(gate.threshold - *evidence.value);
  const double half = (evidence.bounds95->high - evidence.bounds95->low) / 2;
  const double needed = static_cast<double>(evidence.n) * half * half / (distance * distance);
  if (!(needed < kLargestSample)) return std::nullopt;
  return static_cast<std::int64_t>(std::ceil(needed));
}

std::string Percent(double value) { return fmt::format("{:.1f} %", 100 * value); }

std::string Seen(const Evidence& evidence) {
  std::string text = Percent(*evidence.value);
  if (evidence.bounds95) {
    text += fmt::format(" [{}, {}]", Percent(evidence.bounds95->low), Percent(evidence.bounds95->high));
  }
  return text + fmt::format(" over {} trials", evidence.n);
}

void Explain(const Evidence& evidence, GateResult& result) {
  const std::string place = evidence.cell.empty() ? "the run" : evidence.cell;
  if (!evidence.value || (OnBound(result.gate) && !evidence.bounds95)) {
    result.explanation = fmt::format("{}: no trial counts, so nothing can be said", place);
    return;
  }
  result.explanation = fmt::format("{}: {}", place, Seen(evidence));
  if (result.verdict != GateVerdict::kInsufficient) return;
  if (result.trials_to_decide) {
    result.explanation += fmt::format("; about {} trials would decide{}", *result.trials_to_decide,
                                      evidence.clustered ? ", with more tasks rather than more repetitions" : "");
  } else {
    result.explanation += "; the rate sits too close to the threshold for any number of trials";
  }
}

GateResult EvaluateOne(const Gate& gate, const Evidence& evidence) {
  GateResult result;
  result.gate = gate;
  result.cell = evidence.cell;
  result.bounds95 = evidence.bounds95;
  result.n = evidence.n;
  result.verdict = GateVerdict::kInsufficient;
  if (evidence.value && (!OnBound(gate) || evidence.bounds95)) {
    result.value = Compared(gate, evidence);
    if (Holds(gate, *result.value)) {
      result.verdict = GateVerdict::kPass;
    } else if (!OnBound(gate) || !Holds(gate, WantsLow(gate) ? evidence.bounds95->low : evidence.bounds95->high)) {
      result.verdict = GateVerdict::kFail;
    } else {
      result.trials_to_decide =
          evidence.effective_n > 0 ? TrialsToDecideRate(gate, evidence) : TrialsToDecideDifference(gate, evidence);
    }
  }
  Explain(evidence, result);
  return result;
}

Evidence EvidenceOf(const std::string& cell, const Rate& rate) {
  Evidence evidence{cell, rate.value(), rate.bounds95(), rate.n, static_cast<double>(rate.n), false};
  if (rate.clustered95) {
    evidence.effective_n = rate.clustered95->effective_n;
    evidence.clustered = true;
  }
  return evidence;
}

Evidence EvidenceOf(const std::string& cell, const Difference& difference) {
  Evidence evidence{
      cell, difference.difference, difference.bounds95, difference.pairs, 0, difference.pairing == Pairing::kByTask};
  if (difference.pairs == 0) evidence.n = std::min(difference.a.n, difference.b.n);
  return evidence;
}

bool HasDefense(const CellAggregate& cell) { return !cell.defense.empty() && cell.defense != "none"; }

/// Grid cells, and where some of them have a defense only those: the others are there to be compared with.
std::vector<const CellAggregate*> CellsConcerned(GateRate rate, const RunAggregate& run) {
  std::vector<const CellAggregate*> cells;
  for (const CellAggregate& cell : run.cells) {
    const bool concerned = rate == GateRate::kTaskSuccess ? cell.task_success.n > 0 || cell.tally.ended() == 0
                                                          : cell.tally.of(Outcome::kBenign) == 0;
    if (cell.arm == "grid" && concerned) cells.push_back(&cell);
  }
  if (std::ranges::any_of(cells, [](const CellAggregate* cell) { return HasDefense(*cell); })) {
    std::erase_if(cells, [](const CellAggregate* cell) { return !HasDefense(*cell); });
  }
  return cells;
}

const Rate& RateOf(GateRate rate, const CellAggregate& cell) {
  if (rate == GateRate::kAsr) return cell.asr;
  return rate == GateRate::kAsrExposed ? cell.asr_exposed : cell.task_success;
}

GateResult Invalid(const Gate& gate, std::string explanation) {
  GateResult result;
  result.gate = gate;
  result.verdict = GateVerdict::kInvalid;
  result.explanation = std::move(explanation);
  return result;
}

/// INVALID over FAIL over INSUFFICIENT over PASS.
int Severity(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return 0;
    case GateVerdict::kInsufficient: return 1;
    case GateVerdict::kFail: return 2;
    case GateVerdict::kInvalid: return 3;
  }
  return 3;
}

/// The worst verdict; among equals the one furthest on the wrong side.
bool Worse(const GateResult& a, const GateResult& b) {
  if (a.verdict != b.verdict) return Severity(a.verdict) > Severity(b.verdict);
  if (!a.value || !b.value) return !a.value && b.value;
  return WantsLow(a.gate) ? *a.value > *b.value : *a.value < *b.value;
}

GateResult WorstOf(const Gate& gate, const std::vector<Evidence>& evidence) {
  if (evidence.empty()) {
    GateResult result;
    result.gate = gate;
    result.verdict = GateVerdict::kInsufficient;
    result.explanation = "no cell of this run is concerned, so nothing can be said";
    return result;
  }
  GateResult worst = EvaluateOne(gate, evidence.front());
  for (std::size_t i = 1; i < evidence.size(); ++i) {
    GateResult next = EvaluateOne(gate, evidence[i]);
    if (Worse(next, worst)) worst = std::move(next);
  }
  return worst;
}

GateResult EvaluateVersus(const Gate& gate, const RunAggregate& run, const CompareWith& compare_with) {
  const auto comparison = compare_with(gate.versus);
  if (!comparison) return Invalid(gate, comparison.error().Text());
  for (const Obstacle& obstacle : comparison->obstacles) {
    if (obstacle.fatal) return Invalid(gate, "not comparable: " + obstacle.message);
  }
  std::vector<Evidence> evidence;
  for (const CellAggregate* cell : CellsConcerned(gate.rate, run)) {
    const auto found = std::ranges::find(comparison->cells, cell->id, &CellComparison::cell);
    if (found == comparison->cells.end()) {
      evidence.push_back({.cell = cell->id, .value = {}, .bounds95 = {}});  // nothing to compare with decides nothing
      continue;
    }
    evidence.push_back(EvidenceOf(cell->id, gate.rate == GateRate::kAsr ? found->asr : found->task_success));
  }
  return WorstOf(gate, evidence);
}

GateResult EvaluateGate(const Gate& gate, const RunAggregate& run, const CompareWith& compare_with) {
  if (!gate.versus.empty()) return EvaluateVersus(gate, run, compare_with);
  if (gate.rate == GateRate::kErrorRate) return EvaluateOne(gate, EvidenceOf("", run.error_rate));
  std::vector<Evidence> evidence;
  for (const CellAggregate* cell : CellsConcerned(gate.rate, run)) {
    evidence.push_back(EvidenceOf(cell->id, RateOf(gate.rate, *cell)));
  }
  return WorstOf(gate, evidence);
}

/// Why nothing in this run can be judged; empty when it can.
std::string WhyInvalid(const RunAggregate& run, std::optional<double> max_error_rate) {
  const auto rate = run.error_rate.value();
  if (!rate) return {};
  if (run.total.errors() == run.total.ended()) return "every trial ended in an error";
  if (max_error_rate && *rate > *max_error_rate) {
    return fmt::format("{} of {} trials ended in an error ({}), more than the {} that max_error_rate allows",
                       run.total.errors(), run.total.ended(), Percent(*rate), Percent(*max_error_rate));
  }
  return {};
}

}  // namespace

std::string_view GateVerdictName(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return "PASS";
    case GateVerdict::kFail: return "FAIL";
    case GateVerdict::kInsufficient: return "INSUFFICIENT";
    case GateVerdict::kInvalid: return "INVALID";
  }
  return "INVALID";
}

int VerdictExitCode(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return 0;
    case GateVerdict::kFail: return 1;
    case GateVerdict::kInsufficient: return 3;
    case GateVerdict::kInvalid: return 4;
  }
  return 4;
}

GateReport EvaluateGates(const std::vector<Gate>& gates, const RunAggregate& run, std::optional<double> max_error_rate,
                         const CompareWith& compare_with) {
  GateReport report;
  const std::string invalid = WhyInvalid(run, max_error_rate);
  if (!invalid.empty()) report.verdict = GateVerdict::kInvalid;
  for (const Gate& gate : gates) {
    report.results.push_back(invalid.empty() ? EvaluateGate(gate, run, compare_with) : Invalid(gate, invalid));
    const GateVerdict verdict = report.results.back().verdict;
    if (Severity(verdict) > Severity(report.verdict)) report.verdict = verdict;
  }
  return report;
}

}  // namespace xsweep
