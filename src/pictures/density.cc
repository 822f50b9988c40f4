// Density: quartiles and a smooth outline of a handful of rates.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/density.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace xsweep {
namespace {

constexpr int kPlaces = 65;
constexpr double kLeastBandwidth = 0.02;

/// Of sorted values.
double QuantileOf(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// 0.9 min(sd, IQR / 1.34) n^(-1/5) (Silverman 1986, 3.31).
double Bandwidth(std::span<const double> values, const Quartiles& quartiles) {
  const auto n = static_cast<double>(values.size());
  double mean = 0;
  for (const double value : values) mean += value / n;
  double variance = 0;
  for (const double value : values) variance += (value - mean) * (value - mean) / (n - 1);
  const double iqr = (quartiles.high - quartiles.low) / 1.34;
  const double spread = iqr > 0 ? std::min(std::sqrt(variance), iqr) : std::sqrt(variance);
  return std::max(kLeastBandwidth, 0.9 * spread * std::pow(n, -0.2));
}

}  // namespace

std::optional<Quartiles> QuartilesOf(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  return Quartiles{QuantileOf(sorted, 0.25), QuantileOf(sorted, 0.5), QuantileOf(sorted, 0.75), sorted.front(),
                   sorted.back()};
}

std::vector<DensityPoint> DensityOf(std::span<const double> values) {
  const auto quartiles = QuartilesOf(values);
  if (values.size() < 2 || quartiles->least == quartiles->most) return {};
  const double h = Bandwidth(values, *quartiles);
  const double from = std::max(0.0, quartiles->least - h);
  const double to = std::min(1.0, quartiles->most + h);
  // Rates of tasks repeat a lot: each distinct one is weighed once.
  std::map<double, double> weights;
  for (const double value : values) weights[value] += 1;
  const auto kernel = [h](double distance) { return std::exp(-0.5 * distance * distance / (h * h)); };
  std::vector<DensityPoint> points;
  double highest = 0;
  for (int i = 0; i < kPlaces; ++i) {
    DensityPoint point{from + (to - from) * i / (kPlaces - 1), 0};
    for (const auto& [value, weight] : weights) {
      point.density += weight * (kernel(point.at - value) + kernel(point.at + value) + kernel(point.at - (2 - value)));
    }
    highest = std::max(highest, point.density);
    points.push_back(point);
  }
  for (DensityPoint& point : points) point.density /= highest;
  return points;
}

}  // namespace xsweep
