// CellTable: the cells of a run as a table for a terminal.
// SPDX-License-Identifier: Apache-2.0
#include "present/cell_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "analyze/numbers.h"
#include "base/characters.h"
#include "base/text.h"
#include "pictures/chart.h"

namespace xsweep {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kShortestLabel = 16;

std::string Cut(std::string text, std::size_t columns) {
  if (ColumnsOf(text) <= columns) return text;
  while (!text.empty() && ColumnsOf(text) >= columns) {
    while (!text.empty() && ContinuesCharacter(text.back())) text.pop_back();
    if (!text.empty()) text.pop_back();
  }
  return text + "…";
}

struct Column {
  std::string title;
  std::vector<std::string> fields;
  std::size_t width() const {
    std::size_t most = ColumnsOf(title);
    for (const std::string& field : fields) most = std::max(most, ColumnsOf(field));
    return most;
  }
};

using Cells = std::vector<const CellAggregate*>;

template <class Field>
Column Make(std::string title, const Cells& cells, Field field) {
  Column column{std::move(title), {}};
  for (const CellAggregate* cell : cells) column.fields.push_back(field(*cell));
  return column;
}

/// From the widest layout to the narrowest; the first one that leaves room for labels is taken.
std::vector<Column> Layout(const Cells& cells, std::size_t room) {
  const Column trials = Make("trials", cells, [](const auto& cell) { return std::to_string(cell.tally.trials()); });
  const Column attack = Make("attack success", cells, [](const auto& cell) { return RateBrief(cell.asr); });
  const Column task = Make("task success", cells, [](const auto& cell) { return RateBrief(cell.task_success); });
  const Column bare = Make("task", cells, [](const auto& cell) { return Percent(cell.task_success.value()); });
  const Column errors = Make("errors", cells, [](const auto& cell) { return std::to_string(cell.tally.errors()); });
  const bool erred = std::ranges::any_of(cells, [](const CellAggregate* cell) { return cell->tally.errors() > 0; });
  std::vector<std::vector<Column>> layouts = {{trials, attack, task}, {attack, task}, {attack, bare}, {attack}};
  for (auto& layout : layouts) {
    if (erred) layout.push_back(errors);
    std::size_t taken = 0;
    for (const Column& column : layout) taken += column.width() + kGap;
    if (taken + kShortestLabel <= room) return layout;
  }
  return layouts.back();
}

std::string Padded(const std::string& text, std::size_t columns, bool right) {
  const std::string blanks(columns - std::min(columns, ColumnsOf(text)), ' ');
  return right ? blanks + text : text + blanks;
}

Cells Chosen(const RunAggregate& aggregate, std::size_t most) {
  Cells cells;
  for (const CellAggregate& cell : aggregate.cells) cells.push_back(&cell);
  if (cells.size() <= most) return cells;
  std::ranges::stable_sort(cells, std::greater(),
                           [](const CellAggregate* cell) { return cell->asr.value().value_or(-1); });
  cells.resize(most);
  return cells;
}

void AppendLine(std::string line, std::string& text) {
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

}  // namespace

std::string CellTable(const RunAggregate& aggregate, std::size_t width, std::size_t most) {
  if (aggregate.cells.size() < 2) return {};
  const Cells cells = Chosen(aggregate, most);
  const std::size_t room = std::max<std::size_t>(width, 40);
  const std::vector<Column> columns = Layout(cells, room);
  std::size_t taken = 0;
  for (const Column& column : columns) taken += column.width() + kGap;
  const CellLabels label(aggregate);
  Column labels = Make("cell", cells, [&](const auto& cell) { return Cut(label(cell), room - taken); });
  const std::size_t label_width = labels.width();
  std::string text;
  std::string head = Padded(labels.title, label_width, false);
  for (const Column& column : columns) head += std::string(kGap, ' ') + Padded(column.title, column.width(), true);
  AppendLine(std::move(head), text);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::string line = Padded(labels.fields[i], label_width, false);
    for (const Column& column : columns) {
      line += std::string(kGap, ' ') + Padded(column.fields[i], column.width(), true);
    }
    AppendLine(std::move(line), text);
  }
  const std::size_t left_out = aggregate.cells.size() - cells.size();
  if (left_out > 0) text += fmt::format("… and {} more cells: summary.csv\n", left_out);
  return text;
}

}  // namespace xsweep
