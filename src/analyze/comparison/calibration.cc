// Calibration: labels of people beside a judge's verdicts.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string_view>

#include "analyze/run_accumulator.h"
#include "analyze/trial_reader.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

/// Verdicts of one cell, task by task.
struct CellVerdicts {
  std::string cell;
  std::map<std::string, stats::JudgedTask, std::less<>> tasks;
  std::int64_t labels = 0;
};

/// Cells in order of first appearance; none without labels.
Expected<std::vector<CellVerdicts>> ReadVerdicts(const std::string& directory) {
  std::vector<CellVerdicts> verdicts;
  TRY_ASSIGN(const Labels labels, ReadLabels(directory));
  if (labels.empty()) return verdicts;
  NameTable cells;
  const std::string rows = (std::filesystem::path(directory) / layout::kRows).string();
  TRY(ReadTrialRows(rows, {0, UINT64_MAX}, {}, [&](const TrialRow& row, std::int64_t) {
    if (row.counts.outcome > Outcome::kNotExposed) return;
    const std::size_t number = cells.Intern(row.cell);
    if (number >= verdicts.size()) verdicts.push_back({std::string(row.cell), {}, 0});
    CellVerdicts& cell = verdicts[number];
    const auto label = labels.find(row.index);
    cell.labels += label != labels.end() ? 1 : 0;
    auto task = cell.tasks.find(row.task);
    if (task == cell.tasks.end()) task = cell.tasks.emplace(row.task, stats::JudgedTask()).first;
    task->second.push_back({row.counts.outcome == Outcome::kAttackSucceeded,
                            label == labels.end() ? std::nullopt : std::optional(label->second)});
  }));
  return verdicts;
}

CellCalibration Calibrate(const CellVerdicts& verdicts) {
  CellCalibration out;
  out.cell = verdicts.cell;
  std::vector<stats::JudgedTask> tasks;
  for (const auto& [task, trials] : verdicts.tasks) {
    tasks.push_back(trials);
    for (const stats::JudgedTrial& trial : trials) {
      (trial.verdict ? out.yes_trials : out.no_trials) += 1;
      out.judged += trial.verdict ? 1 / static_cast<double>(trials.size()) : 0;
      if (!trial.label) continue;
      stats::LabelCount& count = trial.verdict ? out.yes : out.no;
      ++count.labels;
      count.successes += *trial.label ? 1 : 0;
    }
  }
  out.judged /= static_cast<double>(std::max<std::size_t>(1, tasks.size()));
  out.rate = stats::CorrectRate(tasks);
  return out;
}

}  // namespace

Expected<Labels> ReadLabels(const std::string& directory) {
  const std::filesystem::path path = std::filesystem::path(directory) / "labels.jsonl";
  Labels labels;
  if (!std::filesystem::exists(path)) return labels;
  TRY_ASSIGN(const std::string text, ReadFile(path));
  int line = 0;
  for (std::size_t start = 0, end = 0; start < text.size(); start = end + 1) {
    end = std::min(text.find('\n', start), text.size());
    ++line;
    const std::string_view row = std::string_view(text).substr(start, end - start);
    if (row.empty() || end == text.size()) continue;  // a torn last line was never said
    const auto json = Json::Parse(row);
    const Json* index = json ? json->Find("index") : nullptr;
    const Json* label = json ? json->Find("label") : nullptr;
    if (index == nullptr || !index->is_int() || label == nullptr || !label->is_bool()) {
      return UserError("is no label; a line is {\"index\":17,\"label\":true}",
                       fmt::format("{}:{}", path.string(), line));
    }
    labels[static_cast<std::uint64_t>(index->AsInt())] = label->AsBool();
  }
  return labels;
}

Expected<std::vector<CellCalibration>> ReadCalibration(const std::string& directory) {
  std::vector<CellCalibration> out;
  TRY_ASSIGN(const auto verdicts, ReadVerdicts(directory));
  for (const CellVerdicts& cell : verdicts) {
    if (cell.labels > 0) out.push_back(Calibrate(cell));
  }
  return out;
}

std::optional<stats::ExternalCalibration> ReadJudgeChecked(std::string_view text) {
  std::vector<std::int64_t> numbers;
  for (const std::string& word : Split(text, ' ')) {
    const auto number = ParseUnsigned(std::string_view(word).substr(0, word.find(',')));
    if (number) numbers.push_back(static_cast<std::int64_t>(*number));
  }
  if (numbers.size() != 4 || numbers[1] == 0 || numbers[3] == 0) return std::nullopt;
  return stats::ExternalCalibration{numbers[0], numbers[1], numbers[2], numbers[3]};
}

Expected<std::vector<CellCorrection>> CompareCalibrations(const std::string& a, const std::string& b) {
  std::vector<CellCorrection> out;
  TRY_ASSIGN(const auto before, ReadVerdicts(a));
  TRY_ASSIGN(const auto after, ReadVerdicts(b));
  for (const CellVerdicts& cell : before) {
    const auto other = std::ranges::find(after, cell.cell, &CellVerdicts::cell);
    if (other == after.end()) continue;
    std::vector<stats::JudgedTask> of_a, of_b;
    for (const auto& [task, trials] : cell.tasks) {
      const auto found = other->tasks.find(task);
      if (found == other->tasks.end()) continue;
      of_a.push_back(trials);
      of_b.push_back(found->second);
    }
    const auto rate_a = stats::CorrectRate(of_a), rate_b = stats::CorrectRate(of_b);
    const auto difference = stats::CorrectDifference(of_a, of_b);
    if (rate_a && rate_b && difference) out.push_back({cell.cell, *rate_a, *rate_b, *difference});
  }
  return out;
}

}  // namespace xsweep
