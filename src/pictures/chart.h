// Chart: what all pictures share: a heading, a legend, a scale of shares, captions below.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyze/aggregate.h"
#include "analyze/axis_names.h"
#include "pictures/canvas.h"
#include "record/manifest.h"

namespace xsweep {

/// Where a picture goes. Lengths are pixels at 96 to the inch, so that 12 of them are letters of 9 points.
struct Page {
  double width = 960;    ///< that at which a pull request shows a picture
  bool headings = true;  ///< no title, subtitle and captions in a paper, which has its own
};
/// Below this, figures and labels do not fit beside each other.
inline constexpr double kNarrowestPage = 400;
inline constexpr double kPageMargin = 20;
/// Room for the labels of rows: as wide as they are, at most about a third of the page.
double LabelRoom(const Page& page, double widest);

struct LegendEntry {
  enum class Mark { kBar, kDot, kWhisker, kHatch } mark = Mark::kBar;
  std::string colour;
  std::string text;
};

/// The words around a picture.
struct ChartWords {
  std::string title;
  std::string subtitle;
  std::vector<LegendEntry> legend;
  std::vector<std::string> captions;  ///< a paragraph each, wrapped to the page
  Page page = {};
};

/// Room that the words take above and below; the same numbers that DrawWords uses.
double HeadingHeight(const ChartWords& words);
double CaptionHeight(const ChartWords& words);
/// Heading from the top, captions from `captions_top` down.
void DrawWords(Canvas& canvas, const ChartWords& words, double captions_top);
/// Every second of the rows that begin at `tops`, the last of which is the end, on a pale ground.
void DrawStripes(Canvas& canvas, const Page& page, const std::vector<double>& tops);

/// A horizontal scale of shares, [low, high] over [left, right].
struct ShareScale {
  double left = 0, right = 1;
  double low = 0, high = 1;
  double X(double share) const { return left + (share - low) / (high - low) * (right - left); }
};
/// The smallest of 5, 10, 20, 50 and 100 % that holds `most`.
double NiceHigh(double most);
/// Vertical rules and their percentages under the box of the scale, zero among them; `label` below them. Takes 36
/// pixels below `bottom`.
void DrawShareScale(Canvas& canvas, const ShareScale& scale, double top, double bottom, const std::string& label,
                    std::string_view unit = " %");
/// A horizontal interval with caps.
void DrawWhisker(Canvas& canvas, const ShareScale& scale, const stats::Interval& bounds, double y, double cap,
                 Colour stroke = colour::kInk);

/// What a cell is called in a picture or a table: its axes without common prefixes ("defense none, threshold 100"), the
/// arm of a control, the parts for a run without a grid.
std::string CellLabel(const CellAggregate& cell);
/// The same for a cell known by its id; the id where run.json does not know it.
std::string CellLabel(const RunDesign& manifest, const std::string& id);
/// Labels for a picture or a table of a whole run, where room is short: as CellLabel, but where one of them is long
/// without the axes that have a single value in all of the run, since those tell no cells apart.
class CellLabels {
 public:
  explicit CellLabels(const RunAggregate& run);
  explicit CellLabels(const RunDesign& manifest);
  std::string operator()(const CellAggregate& cell) const;
  std::string operator()(const RunDesign& manifest, const std::string& id) const;

 private:
  AxisNames names_;
  std::vector<std::string> left_out_;  ///< paths
};
/// "judge.threshold" -> "threshold", "defense.name" -> "defense".
std::string AxisLabel(std::string_view path);
/// Colours of the seeds, in their order; repeats after five.
Colour SeedColour(std::size_t index);

/// "3 errors and 2 skipped of 120 trials (in neither part of a rate)".
std::string ErrorWords(const Tally& tally);
/// What the whiskers of these rates are.
std::string WhiskerWords(const std::vector<const Rate*>& rates);

}  // namespace xsweep
