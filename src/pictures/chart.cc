// Chart: what all pictures share.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyze/numbers.h"

namespace xsweep {
namespace {

constexpr double kLegendRow = 20, kCaptionRow = 16;

double EntryWidth(const LegendEntry& entry) { return 24 + TextWidth(entry.text, kSmallSize) + 20; }

/// Places entries left to right, wrapping; calls `place(entry, x, row)`; returns the number of rows.
template <class Place>
int LayOutLegend(const ChartWords& words, const Place& place) {
  double x = kPageMargin;
  int row = 0;
  for (const LegendEntry& entry : words.legend) {
    if (x > kPageMargin && x + EntryWidth(entry) > words.page.width) {
      x = kPageMargin;
      ++row;
    }
    place(entry, x, row);
    x += EntryWidth(entry);
  }
  return words.legend.empty() ? 0 : row + 1;
}

void DrawLegendMark(Canvas& canvas, const LegendEntry& entry, double x, double y) {
  const Box box{x, y - 5, x + 16, y + 5};
  switch (entry.mark) {
    case LegendEntry::Mark::kBar:
      canvas.Rectangle(box, entry.colour);
      canvas.Frame(box, colour::kRule);
      break;
    case LegendEntry::Mark::kDot: canvas.Circle({x + 8, y}, 3.5, entry.colour, colour::kWhite); break;
    case LegendEntry::Mark::kHatch:
      canvas.Hatch(box, entry.colour);
      canvas.Frame(box, entry.colour);
      break;
    case LegendEntry::Mark::kWhisker:
      canvas.Line({x, y}, {x + 16, y}, entry.colour, 1.5);
      canvas.Line({x, y - 4}, {x, y + 4}, entry.colour, 1.5);
      canvas.Line({x + 16, y - 4}, {x + 16, y + 4}, entry.colour, 1.5);
      break;
  }
}

/// More than this does not fit beside a picture.
constexpr std::size_t kLongLabel = 48;

CellAggregate Described(const CellRecord& record, const AxisNames& names) {
  CellAggregate cell;
  cell.id = record.id;
  cell.arm = record.arm;
  cell.attack = record.attack;
  cell.defense = record.defense;
  for (const auto& [path, value] : record.axes) cell.axes.emplace_back(path, names.Of(path, value));
  return cell;
}

/// Paths of the axes that have one value in all cells; none where all have.
template <class Cell>
std::vector<std::string> AxesInCommon(const std::vector<Cell>& cells) {
  std::vector<std::string> paths;
  for (const auto& axis : cells.front().axes) {
    const auto has_it = [&](const Cell& cell) { return std::ranges::find(cell.axes, axis) != cell.axes.end(); };
    if (std::ranges::all_of(cells, has_it)) paths.push_back(axis.first);
  }
  return paths.size() == cells.front().axes.size() ? std::vector<std::string>() : paths;
}

std::vector<std::string> CaptionLines(const ChartWords& words) {
  std::vector<std::string> lines;
  if (!words.page.headings) return lines;
  for (const std::string& caption : words.captions) {
    for (std::string& line : WrapText(caption, words.page.width - 2 * kPageMargin, kSmallSize))
      lines.push_back(std::move(line));
  }
  return lines;
}

/// Above the legend.
double TitleHeight(const ChartWords& words) { return words.page.headings ? 62 : 6; }

/// The finest that leaves room for its labels.
double TickStep(const ShareScale& scale) {
  constexpr double kTickRoom = 46;
  for (const double step : {0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5}) {
    if (step / (scale.high - scale.low) * (scale.right - scale.left) >= kTickRoom) return step;
  }
  return scale.high;
}

}  // namespace

double LabelRoom(const Page& page, double widest) { return std::clamp(widest, 60.0, 0.36 * page.width); }

double HeadingHeight(const ChartWords& words) {
  const int rows = LayOutLegend(words, [](const LegendEntry&, double, int) {});
  return TitleHeight(words) + rows * kLegendRow + (rows > 0 ? 8 : 0);
}

double CaptionHeight(const ChartWords& words) {
  const std::size_t lines = CaptionLines(words).size();
  return static_cast<double>(lines) * kCaptionRow + (lines > 0 ? kPageMargin : 4);
}

void DrawWords(Canvas& canvas, const ChartWords& words, double captions_top) {
  const double room = words.page.width - 2 * kPageMargin;
  if (words.page.headings) {
    canvas.Text({kPageMargin, 24}, FitText(words.title, room, kTitleSize), {.size = kTitleSize, .bold = true});
    canvas.Text({kPageMargin, 46}, FitText(words.subtitle, room, kTextSize),
                {.size = kTextSize, .colour = colour::kGrey});
  }
  LayOutLegend(words, [&](const LegendEntry& entry, double x, int row) {
    const double y = TitleHeight(words) + 10 + row * kLegendRow;
    DrawLegendMark(canvas, entry, x, y);
    canvas.Text({x + 22, y}, entry.text, {.size = kSmallSize});
  });
  double y = captions_top + kCaptionRow / 2;
  for (const std::string& line : CaptionLines(words)) {
    canvas.Text({kPageMargin, y}, line, {.size = kSmallSize, .colour = colour::kGrey});
    y += kCaptionRow;
  }
}

void DrawStripes(Canvas& canvas, const Page& page, const std::vector<double>& tops) {
  for (std::size_t i = 1; i + 1 < tops.size(); i += 2) {
    canvas.Rectangle({kPageMargin / 2, tops[i], page.width - kPageMargin / 2, tops[i + 1]}, colour::kPale);
  }
}

double NiceHigh(double most) {
  for (const double high : {0.05, 0.1, 0.2, 0.5}) {
    if (most <= high) return high;
  }
  return 1;
}

void DrawShareScale(Canvas& canvas, const ShareScale& scale, double top, double bottom, const std::string& label,
                    std::string_view unit) {
  const double step = TickStep(scale);
  const auto first = static_cast<int>(std::ceil(scale.low / step - 1e-9));
  const auto last = static_cast<int>(std::floor(scale.high / step + 1e-9));
  for (int tick = first; tick <= last; ++tick) {
    const double share = tick * step;
    const double x = scale.X(share);
    canvas.Line({x, top}, {x, bottom}, colour::kRule);
    canvas.Text({x, bottom + 11}, fmt::format("{:.0f}{}", std::round(share * 100) + 0.0, unit),
                {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kMiddle});
  }
  canvas.Text({(scale.left + scale.right) / 2, bottom + 28}, label,
              {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kMiddle});
}

void DrawWhisker(Canvas& canvas, const ShareScale& scale, const stats::Interval& bounds, double y, double cap,
                 Colour stroke) {
  const double low = scale.X(bounds.low);
  const double high = scale.X(bounds.high);
  canvas.Line({low, y}, {high, y}, stroke, 1.5);
  canvas.Line({low, y - cap}, {low, y + cap}, stroke, 1.5);
  canvas.Line({high, y - cap}, {high, y + cap}, stroke, 1.5);
}

std::string AxisLabel(std::string_view path) {
  if (path.ends_with(".name")) path.remove_suffix(5);
  return std::string(path.substr(path.rfind('.') + 1));
}

namespace {

std::string LabelWithout(const std::vector<std::string>& left_out, const CellAggregate& cell) {
  std::string label;
  for (const auto& [path, value] : cell.axes) {
    if (std::ranges::find(left_out, path) != left_out.end()) continue;
    label += fmt::format("{}{} {}", label.empty() ? "" : ", ", AxisLabel(path), value);
  }
  if (label.empty() && !cell.attack.empty()) {
    label = cell.defense.empty() ? cell.attack : fmt::format("{} vs {}", cell.attack, cell.defense);
    if (cell.attack == "none" && (cell.defense.empty() || cell.defense == "none"))
      label = "not attacked, not defended";
    else if (cell.attack == "none")
      label = cell.defense + " without an attack";
  }
  if (label.empty()) label = cell.id;
  if (cell.arm == Arm::kNoAttack) return label + " (no attack)";
  if (cell.arm == Arm::kNoDefense) return label + " (no defense)";
  return label;
}

}  // namespace

std::string CellLabel(const CellAggregate& cell) { return LabelWithout({}, cell); }

std::string CellLabel(const RunDesign& manifest, const std::string& id) {
  const auto record = std::ranges::find(manifest.cells, id, &CellRecord::id);
  return record == manifest.cells.end() ? id : CellLabel(Described(*record, AxisNames(manifest.cells)));
}

CellLabels::CellLabels(const RunAggregate& run) : names_(run.run.cells) {
  if (run.cells.empty()) return;
  const auto is_long = [](const CellAggregate& cell) { return CellLabel(cell).size() > kLongLabel; };
  if (std::ranges::any_of(run.cells, is_long)) left_out_ = AxesInCommon(run.cells);
}

CellLabels::CellLabels(const RunDesign& manifest) : names_(manifest.cells) {
  const auto is_long = [&](const CellRecord& cell) { return CellLabel(Described(cell, names_)).size() > kLongLabel; };
  if (std::ranges::any_of(manifest.cells, is_long)) left_out_ = AxesInCommon(manifest.cells);
}

std::string CellLabels::operator()(const CellAggregate& cell) const { return LabelWithout(left_out_, cell); }

std::string CellLabels::operator()(const RunDesign& manifest, const std::string& id) const {
  const auto record = std::ranges::find(manifest.cells, id, &CellRecord::id);
  return record == manifest.cells.end() ? id : (*this)(Described(*record, names_));
}

Colour SeedColour(std::size_t index) {
  constexpr std::array kColours{colour::kOrange, colour::kGreen, colour::kPurple, colour::kVermilion, colour::kYellow};
  return kColours[index % kColours.size()];
}

std::string ErrorWords(const Tally& tally) {
  const std::int64_t skipped = tally.of(Outcome::kSkipped);
  const std::string words = fmt::format("{} and {} skipped of {}", Count(tally.errors(), "error", "errors"), skipped,
                                        Count(tally.trials(), "trial", "trials"));
  return tally.errors() + skipped > 0 ? words + " (they count in no rate)" : words;
}

std::string WhiskerWords(const std::vector<const Rate*>& rates) {
  const auto has = [&](Basis basis) {
    return std::ranges::any_of(rates, [&](const Rate* rate) { return rate->n > 0 && rate->basis() == basis; });
  };
  const bool drawn = has(Basis::kTasksAsDrawn);
  const bool these = has(Basis::kTheseTasks);
  if (drawn && these) {
    return "95 % intervals: for other tasks of this kind, with a single task for that task only.";
  }
  if (drawn) return "95 % intervals: they hold for other tasks of this kind.";
  if (these) return "95 % intervals: they hold for these tasks.";
  return "No interval of attack success: no attacked trial counts.";
}

}  // namespace xsweep
