// Numbers as people and scripts read them.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/numbers.h"

#include <fmt/format.h>

#include <cmath>

namespace xsweep {
namespace {

/// The one rounding of printed figures: to the nearest tenth, a tie away from 0 as people do it, and a tie is what
/// differs from one by no more than binary fractions do. Never "-0.0".
double Tenths(double value) { return std::round(value * 10 + std::copysign(1e-9, value)) / 10; }

std::string OneDecimal(double value) {
  const std::string text = fmt::format("{:.1f}", Tenths(value));
  return text == "-0.0" ? "0.0" : text;
}

bool Consecutive(const std::vector<std::uint64_t>& seeds) {
  for (std::size_t i = 1; i < seeds.size(); ++i) {
    if (seeds[i] != seeds[i - 1] + 1) return false;
  }
  return true;
}

}  // namespace

std::string CsvNumber(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return {};
  return fmt::format("{:.10g}", *value);
}

std::string CsvDollars(std::int64_t nano_usd) {
  return fmt::format("{}.{:09}", nano_usd / 1'000'000'000, nano_usd % 1'000'000'000);
}

std::string Percent(std::optional<double> share) { return share ? OneDecimal(*share * 100) + " %" : "N/A"; }

std::string CountWords(const Rate& rate) {
  return rate.n == 0 ? "N/A" : fmt::format("{} of {}", rate.successes, rate.n);
}

std::string RateWords(const Rate& rate) {
  const auto bounds = rate.bounds95();
  if (!bounds) return "N/A (0 trials)";
  return fmt::format("{} ({}{}, 95 % interval {}–{} %, {})", Percent(rate.value()),
                     rate.mean_over_tasks() ? "mean over tasks; " : "", CountWords(rate), OneDecimal(bounds->low * 100),
                     OneDecimal(bounds->high * 100), BasisWords(rate.basis()));
}

std::string BoundsWords(const stats::Interval& bounds) {
  return fmt::format("[{}, {}]", OneDecimal(bounds.low * 100), OneDecimal(bounds.high * 100));
}

std::string RateBrief(const Rate& rate) {
  const auto bounds = rate.bounds95();
  return bounds ? Percent(rate.value()) + " " + BoundsWords(*bounds) : "N/A";
}

std::string SignedBoundsWords(const stats::Interval& bounds) {
  const auto text = [](double value) { return (value * 100 >= 0.05 ? "+" : "") + OneDecimal(value * 100); };
  return fmt::format("[{}, {}]", text(bounds.low), text(bounds.high));
}

std::string Points(double difference) {
  const std::string text = OneDecimal(std::abs(difference) * 100);
  return (text == "0.0" ? "" : difference < 0 ? "−" : "+") + text + " points";
}

std::string Count(std::int64_t n, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", n, n == 1 ? singular : plural);
}

std::string SeedWords(const std::vector<std::uint64_t>& seeds) {
  if (seeds.size() >= 4 && Consecutive(seeds)) return fmt::format("{}–{}", seeds.front(), seeds.back());
  if (seeds.size() > 8) return fmt::format("{}, {}, {} … ({} seeds)", seeds[0], seeds[1], seeds[2], seeds.size());
  return fmt::format("{}", fmt::join(seeds, ", "));
}

}  // namespace xsweep
