// LatexTable: the cells of a run as a table for a paper.
// SPDX-License-Identifier: Apache-2.0
#include "present/latex_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "analyze/numbers.h"
#include "base/escape.h"
#include "pictures/chart.h"

namespace xsweep {
namespace {

struct Columns {
  bool attack = false, task = false, errors = false;
};

Columns ColumnsOf(const RunAggregate& aggregate) {
  Columns columns;
  for (const CellAggregate& cell : aggregate.cells) {
    columns.attack |= cell.tally.attacked() > 0;
    columns.task |= cell.task_success.n > 0;
    columns.errors |= cell.tally.errors() > 0;
  }
  return columns;
}

/// "33.3 & 16.3--56.3".
std::string RateFields(const Rate& rate) {
  if (rate.n == 0) return " & -- & ";
  const auto bounds = rate.bounds95();
  return fmt::format(" & {:.1f} & {:.1f}--{:.1f}", 100 * rate.estimate, 100 * bounds->low, 100 * bounds->high);
}

std::string Line(const CellAggregate& cell, const CellLabels& labels, const Columns& columns) {
  std::string line = fmt::format("  {} & {}", LatexText(labels(cell)), cell.tally.ended());
  if (columns.attack) line += RateFields(cell.asr);
  if (columns.task) line += RateFields(cell.task_success);
  if (columns.errors) line += fmt::format(" & {}", cell.tally.errors());
  return line + " \\\\\n";
}

std::string Head(const Columns& columns) {
  std::string head = "  cell & trials";
  if (columns.attack) head += " & \\multicolumn{2}{c}{attack success, \\% [95\\,\\%]}";
  if (columns.task) head += " & \\multicolumn{2}{c}{task success, \\% [95\\,\\%]}";
  if (columns.errors) head += " & errors";
  return head + " \\\\\n";
}

std::string Comment(const Manifest& manifest, const RunAggregate& aggregate) {
  std::vector<const Rate*> rates;
  for (const CellAggregate& cell : aggregate.cells) {
    rates.push_back(&cell.asr);
    rates.push_back(&cell.task_success);
  }
  return fmt::format("% \\usepackage{{booktabs}}\n% {}, run {}\n% {}\n", CleanText(manifest.exp),
                     CleanText(manifest.run_id), WhiskerWords(rates));
}

/// What pdflatex does not know by itself, of what stands in labels; letters with accents it does.
constexpr std::pair<std::string_view, std::string_view> kSymbols[] = {
    {"≥", "$\\geq$"},       {"≤", "$\\leq$"},   {"≠", "$\\neq$"},   {"≈", "$\\approx$"}, {"→", "$\\rightarrow$"},
    {"←", "$\\leftarrow$"}, {"∞", "$\\infty$"}, {"×", "$\\times$"}, {"±", "$\\pm$"},     {"−", "$-$"},
    {"·", "$\\cdot$"},      {"µ", "$\\mu$"},    {"√", "$\\surd$"},  {"∆", "$\\Delta$"},  {"τ", "$\\tau$"},
    {"α", "$\\alpha$"},     {"β", "$\\beta$"},  {"γ", "$\\gamma$"}, {"σ", "$\\sigma$"},  {"λ", "$\\lambda$"}};

/// The symbol that `text` begins with; nullptr when there is none.
const std::pair<std::string_view, std::string_view>* SymbolAt(std::string_view text) {
  const auto* found =
      std::ranges::find_if(kSymbols, [&](const auto& symbol) { return text.starts_with(symbol.first); });
  return found == std::end(kSymbols) ? nullptr : found;
}

}  // namespace

std::string LatexText(std::string_view text) {
  std::string out;
  const std::string clean = CleanText(text);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const char c = clean[i];
    if (const auto* symbol = SymbolAt(std::string_view(clean).substr(i)); symbol != nullptr) {
      out += symbol->second;
      i += symbol->first.size() - 1;
      continue;
    }
    switch (c) {
      case '&':
      case '%':
      case '$':
      case '#':
      case '_':
      case '{':
      case '}': out += '\\', out += c; break;
      case '~': out += "\\textasciitilde{}"; break;
      case '^': out += "\\textasciicircum{}"; break;
      case '\\': out += "\\textbackslash{}"; break;
      case '<': out += "\\textless{}"; break;
      case '>': out += "\\textgreater{}"; break;
      default: out += c;
    }
  }
  return out;
}

std::string LatexTable(const Manifest& manifest, const RunAggregate& aggregate) {
  const Columns columns = ColumnsOf(aggregate);
  const CellLabels labels(aggregate);
  std::string grid, controls;
  for (const CellAggregate& cell : aggregate.cells)
    (cell.arm == Arm::kGrid ? grid : controls) += Line(cell, labels, columns);
  const std::string rule = grid.empty() || controls.empty() ? "" : "  \\midrule\n";
  return Comment(manifest, aggregate) +
         fmt::format("\\begin{{tabular}}{{lr{}{}{}}}\n  \\toprule\n", columns.attack ? "rl" : "",
                     columns.task ? "rl" : "", columns.errors ? "r" : "") +
         Head(columns) + "  \\midrule\n" + grid + rule + controls + "  \\bottomrule\n\\end{tabular}\n";
}

}  // namespace xsweep
