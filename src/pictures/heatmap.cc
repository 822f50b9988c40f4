// heatmap.png and .svg: a grid of coloured cells for every pair of axes.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/heatmap.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyze/numbers.h"
#include "base/escape.h"
#include "pictures/heat_panels.h"
#include "pictures/summary_plot.h"

namespace xsweep {
namespace {

constexpr double kFieldSize = 10.5;  // what must fit into a field, and the names of the axes
constexpr double kRowHeight = 38, kHighRow = 52, kPanelGap = 26, kAxisRoom = 24, kLabelLine = 15;
constexpr double kNarrowest = 52;            ///< of a cell that still holds "66.7 %" and its counts
constexpr double kWideEnoughForBounds = 84;  ///< to hold "[16.3, 56.3]"
constexpr double kWideEnoughForHatch = 90;   ///< to be seen beside "0/304 saw it"
constexpr double kWidestCells = 600;         ///< of all columns together, where they are few
constexpr double kVerdictWidth = 124;        ///< of a column beside the matrix, which holds the name of an attack

/// White at 0 to a light vermilion at 1, on which dark letters can be read.
std::string Shade(double share) {
  constexpr std::array<double, 3> kMost{0xEE, 0x7B, 0x3A};
  const auto channel = [&](std::size_t i) { return static_cast<int>(std::lround(255 + (kMost[i] - 255) * share)); };
  return fmt::format("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2));
}

/// Where one panel stands.
struct PanelLayout {
  double left = 0;  ///< of the first cell
  double cell_width = 0;
  double label_height = 20;
  double row_height = kRowHeight;
  std::vector<std::vector<std::string>> flat_labels;  ///< lines by column; empty: names stand upright
  bool words = true;
  bool bounds = false;       ///< intervals too
  double verdicts_left = 0;  ///< of what stands right of the matrix
};

/// "escalating_", "dialogue".
std::vector<std::string> PiecesOf(const std::string& name) {
  std::vector<std::string> pieces(1);
  for (const char c : name) {
    pieces.back() += c;
    if (c == '_' || c == ' ' || c == '-' || c == '=' || c == ':' || c == '/') pieces.emplace_back();
  }
  return pieces;
}

/// A name in lines that fit; empty when a piece of it does not, or more than three would be needed.
std::vector<std::string> FlatLabel(const std::string& name, double width) {
  std::vector<std::string> lines(1);
  for (const std::string& piece : PiecesOf(CleanText(name))) {
    if (TextWidth(piece, kTextSize) > width) return {};
    if (TextWidth(lines.back() + piece, kTextSize) > width) lines.emplace_back();
    lines.back() += piece;
  }
  return lines.size() > 3 ? std::vector<std::string>() : lines;
}

/// Flat where every name fits so, upright otherwise.
void LayOutLabels(const HeatPanel& panel, PanelLayout& layout) {
  std::size_t lines = 1;
  double widest = 0;
  for (const std::string& column : panel.columns) {
    layout.flat_labels.push_back(FlatLabel(column, layout.cell_width - 8));
    lines = std::max(lines, layout.flat_labels.back().size());
    widest = std::max(widest, TextWidth(CleanText(column), kTextSize));
  }
  layout.label_height = 6 + kLabelLine * static_cast<double>(lines);
  if (std::ranges::none_of(layout.flat_labels, &std::vector<std::string>::empty)) return;
  layout.flat_labels.clear();
  layout.label_height = std::min(widest, 150.0) + 10;
}

PanelLayout LayOut(const HeatPanel& panel, std::size_t verdicts, const Page& page) {
  PanelLayout layout;
  double widest = TextWidth(panel.row_axis, kTextSize);
  for (const std::string& row : panel.rows) widest = std::max(widest, TextWidth(CleanText(row), kTextSize));
  layout.left = kPageMargin + std::min(LabelRoom(page, widest), 240.0) + 12;
  const auto columns = static_cast<double>(panel.columns.size());
  const double room = page.width - kPageMargin - layout.left - kVerdictWidth * static_cast<double>(verdicts);
  // A matrix of one or two attacks takes the page too; beyond that, wider cells would say no more.
  layout.cell_width = std::min(std::max(150.0, kWidestCells / columns), room / columns);
  layout.verdicts_left = layout.left + layout.cell_width * columns;
  layout.words = layout.cell_width >= kNarrowest;
  layout.bounds = layout.cell_width >= kWideEnoughForBounds;
  if (layout.bounds) layout.row_height = kHighRow;
  LayOutLabels(panel, layout);
  return layout;
}

double PanelHeight(const HeatPanel& panel, const PanelLayout& layout) {
  return kAxisRoom + layout.label_height + layout.row_height * static_cast<double>(panel.rows.size());
}

Box CellBox(const PanelLayout& layout, double top, std::size_t row, std::size_t column) {
  const double left = layout.left + layout.cell_width * static_cast<double>(column);
  const double cell_top = top + kAxisRoom + layout.label_height + layout.row_height * static_cast<double>(row);
  return {left, cell_top, left + layout.cell_width, cell_top + layout.row_height};
}

/// A figure with smaller lines below it, their middle at `middle`.
void DrawLines(Canvas& canvas, Point middle, const std::string& figure, const std::vector<std::string>& small) {
  double y = middle.y - 7 * static_cast<double>(small.size());
  canvas.Text({middle.x, y}, figure, {.size = kTextSize, .anchor = Anchor::kMiddle, .bold = true});
  for (const std::string& line : small) {
    y += small.size() > 1 ? 15 : 16;
    canvas.Text({middle.x, y}, line, {.size = kFieldSize, .anchor = Anchor::kMiddle});
  }
}

void DrawEntry(Canvas& canvas, const PanelLayout& layout, const Box& box, const HeatPanel::Entry& entry) {
  const Box inside{box.left + 1, box.top + 1, box.right - 1, box.bottom - 1};
  const Point middle = box.center();
  const bool unseen = entry.asr.n == 0 && entry.unseen > 0;
  if (!entry.present || (entry.asr.n == 0 && !unseen)) {
    canvas.Rectangle(inside, colour::kPale);
    if (layout.words) {
      canvas.Text(middle, entry.present ? "N/A" : "–",
                  {.size = kTextSize, .colour = colour::kGrey, .anchor = Anchor::kMiddle});
    }
    return;
  }
  const double share = entry.asr.value().value_or(0);
  canvas.Rectangle(inside, unseen ? std::string(colour::kWhite) : Shade(share));
  if (unseen) canvas.Hatch(inside, "#c9d1d9");
  canvas.Frame(inside, colour::kRule);
  if (!layout.words) return;
  const TextStyle rate{.size = kTextSize, .anchor = Anchor::kMiddle, .bold = true};
  if (unseen && layout.cell_width < kWideEnoughForHatch) {
    canvas.Rectangle({middle.x - 17, middle.y - 9, middle.x + 17, middle.y + 9}, colour::kWhite);
    canvas.Text(middle, "N/A", rate);
    return;
  }
  if (unseen) canvas.Rectangle({middle.x - 34, middle.y - 15, middle.x + 34, middle.y + 16}, colour::kWhite);
  const auto bounds = layout.bounds && !unseen ? entry.asr.bounds95() : std::nullopt;
  std::vector<std::string> small;
  if (bounds) small.push_back(BoundsWords(*bounds));
  small.push_back(unseen ? fmt::format("0/{} saw it", entry.unseen)
                         : fmt::format("{}/{}", entry.asr.successes, entry.asr.n));
  DrawLines(canvas, middle, unseen ? "N/A" : Percent(share), small);
}

void DrawColumnLabels(Canvas& canvas, const HeatPanel& panel, const PanelLayout& layout, double top) {
  const double bottom = top + kAxisRoom + layout.label_height - 6;
  canvas.Text({layout.left, top + 8}, panel.column_axis, {.size = kFieldSize, .colour = colour::kGrey});
  canvas.Text({layout.left - 12, bottom - 6}, panel.row_axis,
              {.size = kFieldSize, .colour = colour::kGrey, .anchor = Anchor::kEnd});
  // Where columns are narrower than a line of text is high, only some can have their name.
  const auto every = static_cast<std::size_t>(std::ceil(14 / layout.cell_width));
  for (std::size_t column = 0; column < panel.columns.size(); column += every) {
    const double x = CellBox(layout, top, 0, column).center().x;
    if (layout.flat_labels.empty()) {
      canvas.Text({x, bottom}, FitText(panel.columns[column], layout.label_height - 10, kTextSize),
                  {.size = kTextSize, .upward = true});
      continue;
    }
    const std::vector<std::string>& lines = layout.flat_labels[column];
    for (std::size_t i = 0; i < lines.size(); ++i) {
      canvas.Text({x, bottom - 6 - kLabelLine * static_cast<double>(lines.size() - 1 - i)}, lines[i],
                  {.size = kTextSize, .anchor = Anchor::kMiddle});
    }
  }
}

void DrawPanel(Canvas& canvas, const HeatPanel& panel, const PanelLayout& layout, double top) {
  DrawColumnLabels(canvas, panel, layout, top);
  for (std::size_t row = 0; row < panel.rows.size(); ++row) {
    const double y = CellBox(layout, top, row, 0).center().y;
    canvas.Text({layout.left - 12, y}, FitText(panel.rows[row], layout.left - 12 - kPageMargin, kTextSize),
                {.size = kTextSize, .anchor = Anchor::kEnd});
    for (std::size_t column = 0; column < panel.columns.size(); ++column) {
      DrawEntry(canvas, layout, CellBox(layout, top, row, column), panel.At(row, column));
    }
  }
}

bool Unseen(const HeatPanel& panel) {
  return std::ranges::any_of(panel.entries, [](const auto& entry) { return entry.asr.n == 0 && entry.unseen > 0; });
}

ChartWords HeatWords(const Manifest& manifest, const RunAggregate& aggregate, const std::string& what, bool unseen,
                     const Page& page) {
  using Mark = LegendEntry::Mark;
  ChartWords words{manifest.exp + what, RunSubtitle(manifest), {}, {}, page};
  for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0})
    words.legend.push_back({Mark::kBar, Shade(share), Percent(share)});
  if (unseen) words.legend.push_back({Mark::kHatch, "#8c959f", "payload never seen"});
  std::vector<const Rate*> rates;
  rates.reserve(aggregate.cells.size());
  for (const CellAggregate& cell : aggregate.cells) rates.push_back(&cell.asr);
  words.captions = {WhiskerWords(rates) + " " + ErrorWords(aggregate.total) + "."};
  return words;
}

/// Code marks mean nothing in a picture.
std::string WithoutMarks(std::string text) {
  std::erase(text, '`');
  return text;
}

/// One name, or of how many the same is true.
std::string WorstName(const RowVerdict& verdict) {
  std::size_t names = 1;
  for (std::size_t at = verdict.worst_attack.find(" = "); at != std::string::npos;
       at = verdict.worst_attack.find(" = ", at + 1)) {
    ++names;
  }
  return names > 1 ? fmt::format("{} attacks alike", names) : verdict.worst_attack;
}

struct VerdictColumn {
  std::string title;
  std::string (*figure)(const RowVerdict& verdict);
  std::vector<std::string> (*small)(const RowVerdict& verdict, bool bounds);
};

/// The worst of one attack is that attack; and where there is little room it can be seen in the row.
std::vector<VerdictColumn> VerdictColumns(const AttackDefense& matrix, const Page& page) {
  constexpr double kRoomForBoth = 620;
  std::vector<VerdictColumn> columns;
  if (matrix.panel.columns.size() > 1 && page.width >= kRoomForBoth) {
    columns.push_back({"worst attack", [](const RowVerdict& verdict) { return Percent(verdict.worst_rate); },
                       [](const RowVerdict& verdict, bool) { return std::vector<std::string>{WorstName(verdict)}; }});
  }
  columns.push_back({"task success", [](const RowVerdict& verdict) { return Percent(verdict.task_success); },
                     [](const RowVerdict& verdict, bool bounds) {
                       std::vector<std::string> small;
                       if (bounds && verdict.task_bounds95) small.push_back(BoundsWords(*verdict.task_bounds95));
                       small.push_back(verdict.utility_words);
                       return small;
                     }});
  return columns;
}

/// Beside the matrix: the worst attack of the row and the task success.
void DrawVerdicts(Canvas& canvas, const AttackDefense& matrix, const std::vector<VerdictColumn>& columns,
                  const PanelLayout& layout, double top) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const double x = layout.verdicts_left + kVerdictWidth * (static_cast<double>(i) + 0.5);
    DrawLines(canvas, {x, top + kAxisRoom + layout.label_height - 12}, columns[i].title, {});
    for (std::size_t row = 0; row < matrix.verdicts.size(); ++row) {
      std::vector<std::string> small = columns[i].small(matrix.verdicts[row], layout.bounds);
      for (std::string& line : small) line = FitText(line, kVerdictWidth - 6, kFieldSize);
      DrawLines(canvas, {x, CellBox(layout, top, row, 0).center().y}, columns[i].figure(matrix.verdicts[row]), small);
    }
  }
}

}  // namespace

std::optional<Canvas> HeatmapPlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page) {
  const std::vector<HeatPanel> panels = HeatPanels(aggregate);
  if (panels.empty()) return std::nullopt;
  ChartWords words =
      HeatWords(manifest, aggregate, ": attack success by pair of axes", std::ranges::any_of(panels, Unseen), page);
  if (std::ranges::any_of(panels, &HeatPanel::chosen)) {
    words.captions.emplace_back("Where the grid has more than two axes, a square shows the worst of its cells.");
  }
  double height = HeadingHeight(words) + 6;
  for (const HeatPanel& panel : panels) height += PanelHeight(panel, LayOut(panel, 0, page)) + kPanelGap;
  Canvas canvas(page.width, height + CaptionHeight(words), words.title);
  double top = HeadingHeight(words) + 6;
  for (const HeatPanel& panel : panels) {
    const PanelLayout layout = LayOut(panel, 0, page);
    DrawPanel(canvas, panel, layout, top);
    top += PanelHeight(panel, layout) + kPanelGap;
  }
  DrawWords(canvas, words, top - 8);
  return canvas;
}

std::optional<Canvas> AttackDefensePlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page) {
  const auto matrix = MakeAttackDefense(aggregate);
  if (!matrix) return std::nullopt;
  ChartWords words = HeatWords(manifest, aggregate, ": attacks against defenses", Unseen(matrix->panel), page);
  if (!matrix->effort.empty()) words.captions.push_back(WithoutMarks(matrix->effort));
  const std::vector<VerdictColumn> verdicts = VerdictColumns(*matrix, page);
  const PanelLayout layout = LayOut(matrix->panel, verdicts.size(), page);
  const double top = HeadingHeight(words) + 6;
  const double bottom = top + PanelHeight(matrix->panel, layout) + kPanelGap;
  Canvas canvas(page.width, bottom + CaptionHeight(words), words.title);
  DrawPanel(canvas, matrix->panel, layout, top);
  DrawVerdicts(canvas, *matrix, verdicts, layout, top);
  DrawWords(canvas, words, bottom - 8);
  return canvas;
}

}  // namespace xsweep
