// Judges that err: rates and differences corrected by labels of people, agreement, and which trials to label next.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/task_difference.h"
#include "stats/task_rate.h"

namespace xsweep::stats {

/// A trial as its judge saw it, and as a person did where one looked.
struct JudgedTrial {
  bool verdict = false;
  std::optional<bool> label;
};
using JudgedTask = std::vector<JudgedTrial>;

/// What labels make of the rate that a judge gave.
struct CorrectedRate {
  double estimate = 0;
  double judged = 0;            ///< by the judge alone: mean over tasks
  double right_when_yes = 0;    ///< share of labelled yes-verdicts that are successes
  double wrong_when_no = 0;     ///< share of labelled no-verdicts that are
  double error = 0;             ///< standard error of the estimate
  Interval interval{};          ///< tasks as drawn
  std::optional<double> kappa;  ///< Cohen's; empty where chance alone would agree always
  std::vector<double> scores;   ///< by task: unbiased for its rate, may leave [0, 1]
  double within = 1;
  double label_variance = 0;  ///< what the labels, being few, add to the variance of the mean
};

/// Labels drawn at random within each verdict (Neyman 1938, Tenenbein 1970; the estimator of stratified
/// prediction-powered inference, Angelopoulos 2023). Empty with fewer than two tasks, or where a verdict has trials and
/// no label.
std::optional<CorrectedRate> CorrectRate(std::span<const JudgedTask> tasks, double confidence = 0.95);

struct CorrectedDifference {
  double difference = 0;  ///< b - a
  double error = 0;
  Interval interval{};
};
/// By task; `a[i]` and `b[i]` are one task. Tasks without a trial on a side are left out. Empty as for CorrectRate.
std::optional<CorrectedDifference> CorrectDifference(std::span<const JudgedTask> a, std::span<const JudgedTask> b,
                                                     double confidence = 0.95);

/// Labelled trials of one verdict and how many of them a person called a success.
struct LabelCount {
  std::int64_t successes = 0;
  std::int64_t labels = 0;
};
/// How many of `more` labels go to yes-verdicts (the others to no-verdicts), so that the estimate gains most (Neyman).
std::int64_t NextLabelsToYes(double judged, LabelCount yes, LabelCount no, std::int64_t more);

/// Right answers of a judge that somebody checked elsewhere.
struct ExternalCalibration {
  std::int64_t right_of_positives = 0, positives = 0;
  std::int64_t right_of_negatives = 0, negatives = 0;
};
struct ExternallyCorrected {
  double estimate = 0;
  Interval interval{};
};
/// Rogan and Gladen (1978) with the interval of Lang and Reiczigel (2014) for a rate `judged` that is worth
/// `effective_n` trials. Empty when the judge is no better than a coin.
std::optional<ExternallyCorrected> CorrectExternally(double judged, double effective_n,
                                                     const ExternalCalibration& known, double confidence = 0.95);

}  // namespace xsweep::stats
