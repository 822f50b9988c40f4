// Judges that err: rates and differences corrected by labels.
// SPDX-License-Identifier: Apache-2.0
#include "stats/agreement.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace xsweep::stats {
namespace {

/// Trials of one verdict.
struct OfVerdict {
  std::int64_t trials = 0, labels = 0, successes = 0;
  double share = 0;  ///< P_v: mean over tasks of the share of this verdict
  double rate() const { return labels == 0 ? 0 : static_cast<double>(successes) / static_cast<double>(labels); }
  /// Expected variance of a label, a success and a failure added, so that no count of 0 makes it 0.
  double smoothed() const { return static_cast<double>(successes + 1) / static_cast<double>(labels + 2); }
};

using ByVerdict = std::array<OfVerdict, 2>;

ByVerdict CountVerdicts(std::span<const JudgedTask> tasks, double task_count) {
  ByVerdict counts;
  for (const JudgedTask& task : tasks) {
    for (const JudgedTrial& trial : task) {
      OfVerdict& of = counts[trial.verdict ? 1 : 0];
      ++of.trials;
      of.labels += trial.label ? 1 : 0;
      of.successes += trial.label.value_or(false) ? 1 : 0;
      of.share += 1 / static_cast<double>(task.size()) / task_count;
    }
  }
  return counts;
}

/// z_i = (1 / n_i) sum e_v + sum over labelled trials of C P_v / b_v (label - e_v).
double ScoreOf(const JudgedTask& task, const ByVerdict& counts, double task_count) {
  double score = 0;
  for (const JudgedTrial& trial : task) {
    const OfVerdict& of = counts[trial.verdict ? 1 : 0];
    score += of.rate() / static_cast<double>(task.size());
    if (!trial.label) continue;
    const double surprise = (*trial.label ? 1 : 0) - of.rate();
    score += task_count * of.share / static_cast<double>(of.labels) * surprise;
  }
  return score;
}

/// (1 - b / N) P^2 max(0, x (1 - x) / (b + 2) - e (1 - e) / b), x = (a + 1) / (b + 2).
double LabelVariance(const OfVerdict& of) {
  if (of.trials == 0) return 0;
  const auto labels = static_cast<double>(of.labels);
  const double x = of.smoothed();
  const double more = x * (1 - x) / (labels + 2) - of.rate() * (1 - of.rate()) / labels;
  return (1 - labels / static_cast<double>(of.trials)) * of.share * of.share * std::max(0.0, more);
}

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double VarianceOfMean(const std::vector<double>& values) {
  const double mean = MeanOf(values);
  const auto count = static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / (count * (count - 1));
}

std::optional<double> Kappa(const ByVerdict& counts, double estimate) {
  const double chance = counts[1].share * estimate + counts[0].share * (1 - estimate);
  if (!(1 - chance > 1e-15)) return std::nullopt;
  const double agreed = counts[1].share * counts[1].rate() + counts[0].share * (1 - counts[0].rate());
  return (agreed - chance) / (1 - chance);
}

Interval IntervalOf(const CorrectedRate& rate, double variance, double confidence) {
  TaskScores clamped{rate.scores, rate.within};
  for (double& score : clamped.scores) score = std::clamp(score, 0.0, 1.0);
  ScoreBase base = BaseOf(clamped);
  base.estimate = rate.estimate;
  const double own = rate.estimate * (1 - rate.estimate);
  if (own > 0) base.spread = std::max(base.spread, variance / own);
  return PlainScore(base, confidence);
}

}  // namespace

std::optional<CorrectedRate> CorrectRate(std::span<const JudgedTask> tasks, double confidence) {
  std::vector<JudgedTask> usable;
  std::ranges::copy_if(tasks, std::back_inserter(usable), [](const JudgedTask& task) { return !task.empty(); });
  if (usable.size() < 2) return std::nullopt;
  const auto count = static_cast<double>(usable.size());
  const ByVerdict counts = CountVerdicts(usable, count);
  for (const OfVerdict& of : counts) {
    if (of.trials > 0 && of.labels == 0) return std::nullopt;
  }
  CorrectedRate out;
  out.judged = counts[1].share;
  out.right_when_yes = counts[1].rate();
  out.wrong_when_no = counts[0].rate();
  double within = 0;
  for (const JudgedTask& task : usable) {
    out.scores.push_back(ScoreOf(task, counts, count));
    within += 1 / static_cast<double>(task.size());
  }
  out.within = std::min(1.0, within / count);
  out.label_variance = LabelVariance(counts[0]) + LabelVariance(counts[1]);
  out.estimate = std::clamp(MeanOf(out.scores), 0.0, 1.0);
  const double variance = VarianceOfMean(out.scores) + out.label_variance;
  out.error = std::sqrt(variance);
  out.interval = IntervalOf(out, variance, confidence);
  out.kappa = Kappa(counts, out.estimate);
  return out;
}

std::optional<CorrectedDifference> CorrectDifference(std::span<const JudgedTask> a, std::span<const JudgedTask> b,
                                                     double confidence) {
  std::vector<JudgedTask> common_a, common_b;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].empty() || b[i].empty()) continue;
    common_a.push_back(a[i]);
    common_b.push_back(b[i]);
  }
  const auto of_a = CorrectRate(common_a, confidence);
  const auto of_b = CorrectRate(common_b, confidence);
  if (!of_a || !of_b) return std::nullopt;
  std::vector<double> differences;
  double magnitude = 0, squares = 0;
  for (std::size_t i = 0; i < common_a.size(); ++i) {
    differences.push_back(of_b->scores[i] - of_a->scores[i]);
    magnitude += std::abs(differences.back());
    squares += differences.back() * differences.back();
  }
  CorrectedDifference out{.difference = MeanOf(differences)};
  const double variance = VarianceOfMean(differences) + of_a->label_variance + of_b->label_variance;
  out.error = std::sqrt(variance);
  const double quantile = StudentQuantile(confidence, static_cast<double>(differences.size() - 1));
  const double differing = squares > 0 ? magnitude * magnitude / squares : 0;
  const double hidden = kBelievedDifferingTasks / (kBelievedDifferingTasks + differing) *
                        NothingSeen(differences.size(), std::max(of_a->within, of_b->within), confidence);
  const double half = std::sqrt(quantile * quantile * variance + hidden * hidden);
  out.interval = {std::max(-1.0, out.difference - half), std::min(1.0, out.difference + half)};
  return out;
}

std::int64_t NextLabelsToYes(double judged, LabelCount yes, LabelCount no, std::int64_t more) {
  const auto spread = [](LabelCount of) {
    const double x = static_cast<double>(of.successes + 1) / static_cast<double>(of.labels + 2);
    return std::sqrt(x * (1 - x));
  };
  const double u = judged * spread(yes), v = (1 - judged) * spread(no);
  const double wanted = std::floor(static_cast<double>(more + yes.labels + no.labels) * u / (u + v) + 0.5);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(wanted) - yes.labels, 0, more);
}

std::optional<ExternallyCorrected> CorrectExternally(double judged, double effective_n,
                                                     const ExternalCalibration& known, double confidence) {
  if (known.positives == 0 || known.negatives == 0) return std::nullopt;
  const auto plain = [](std::int64_t right, std::int64_t n) {
    return static_cast<double>(right) / static_cast<double>(n);
  };
  const auto smoothed = [](std::int64_t right, std::int64_t n) {
    return static_cast<double>(right + 1) / static_cast<double>(n + 2);
  };
  const auto estimate = RoganGladen(judged, plain(known.right_of_positives, known.positives),
                                    plain(known.right_of_negatives, known.negatives));
  if (!estimate) return std::nullopt;
  const double z = NormalQuantile(confidence), z2 = z * z;
  const double p = (effective_n * judged + z2 / 2) / (effective_n + z2);
  const double q1 = smoothed(known.right_of_positives, known.positives);
  const double q0 = smoothed(known.right_of_negatives, known.negatives);
  const double v1 = q1 * (1 - q1) / static_cast<double>(known.positives + 2);
  const double v0 = q0 * (1 - q0) / static_cast<double>(known.negatives + 2);
  const double youden = q0 + q1 - 1;
  if (!(youden > 0)) return std::nullopt;
  const double t = (p + q0 - 1) / youden;
  const double centre = t + 2 * z2 * (t * v1 - (1 - t) * v0);
  const double half = z * std::sqrt(p * (1 - p) / (effective_n + z2) + (1 - t) * (1 - t) * v0 + t * t * v1) / youden;
  return ExternallyCorrected{*estimate, {std::clamp(centre - half, 0.0, 1.0), std::clamp(centre + half, 0.0, 1.0)}};
}

}  // namespace xsweep::stats
