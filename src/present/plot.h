// Plot: one picture of a run, or its table, as a file for a paper or a slide.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "analyze/aggregate.h"
#include "base/error.h"
#include "pictures/chart.h"
#include "record/manifest.h"

namespace xsweep {

enum class PlotFormat : std::uint8_t { kPng, kSvg, kPdf, kTex };

struct PlotRequest {
  std::string what = "summary";  ///< summary, attack_defense, heatmap, distribution, curves; or table, which is TeX
  PlotFormat format = PlotFormat::kPng;
  std::string width = {};  ///< "85mm", "3.3in", "960px"; empty: 960 pixels
  std::string font = {};   ///< a family; empty: DejaVu Sans
  double points = 9;       ///< size of its letters
  bool headings = true;
  std::string gnuplot = "gnuplot";
};

/// "png", "svg", "pdf", "tex". Fails with kUser, with a suggestion.
Expected<PlotFormat> ParsePlotFormat(const std::string& text);
/// Pixels at 96 to the inch of "85mm", "8.5cm", "3.3in", "240pt", "960px" or "960". Fails with kUser.
Expected<double> ParseWidth(const std::string& text);

/// The bytes of the file. The picture is laid out for its width, not shrunk to it; a PNG whose width is a length has
/// 300 dots to the inch. Fails with kUser where letters of that size leave no room, and where the run has no such
/// picture; with kWorld where gnuplot is missing (PNG and PDF).
Expected<std::string> PlotBytes(const PlotRequest& request, const Manifest& manifest, const RunAggregate& aggregate);

}  // namespace xsweep
