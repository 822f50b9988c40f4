// Density: quartiles and a smooth outline of a handful of rates, computed here so that every machine draws the same.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace xsweep {

struct Quartiles {
  double low = 0, median = 0, high = 0;
  double least = 0, most = 0;
};
/// By linear interpolation between order statistics (Hyndman and Fan, type 7). Empty without values.
std::optional<Quartiles> QuartilesOf(std::span<const double> values);

struct DensityPoint {
  double at = 0;       ///< in [0, 1]
  double density = 0;  ///< relative: the highest is 1
};
/// Gaussian kernel density of rates in [0, 1] at 65 places from the least to the most value (widened by a bandwidth,
/// not beyond 0 and 1), with Silverman's bandwidth, at least 0.02, and mass beyond 0 and 1 reflected back. Empty for
/// fewer than two values or when all are equal: one point has no shape.
std::vector<DensityPoint> DensityOf(std::span<const double> values);

}  // namespace xsweep
