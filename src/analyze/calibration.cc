// Calibration: labels of people beside a judge's verdicts.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/calibration.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "analyze/run_accumulator.h"
#include "analyze/trial_reader.h"
#include "base/files.h"
#include "base/json.h"
#include "record/layout.h"

namespace xsweep {
namespace {

/// Verdicts of one cell, task by task.
struct CellVerdicts {
  std::map<std::size_t, stats::JudgedTask> tasks;
  std::int64_t labels = 0;
};

CellCalibration Calibrate(const std::string& name, const CellVerdicts& verdicts) {
  CellCalibration out;
  out.cell = name;
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
  TRY_ASSIGN(const Labels labels, ReadLabels(directory));
  if (labels.empty()) return out;
  NameTable cells, tasks;
  std::vector<CellVerdicts> verdicts;
  const std::string rows = (std::filesystem::path(directory) / layout::kRows).string();
  TRY(ReadTrialRows(rows, {0, UINT64_MAX}, {}, [&](const TrialRow& row, std::int64_t) {
    if (row.counts.outcome > Outcome::kNotExposed) return;
    const std::size_t cell = cells.Intern(row.cell);
    if (cell >= verdicts.size()) verdicts.resize(cell + 1);
    const auto label = labels.find(row.index);
    verdicts[cell].labels += label != labels.end() ? 1 : 0;
    verdicts[cell].tasks[tasks.Intern(row.task)].push_back(
        {row.counts.outcome == Outcome::kAttackSucceeded,
         label == labels.end() ? std::nullopt : std::optional(label->second)});
  }));
  for (std::size_t cell = 0; cell < verdicts.size(); ++cell) {
    if (verdicts[cell].labels > 0) out.push_back(Calibrate(cells.names()[cell], verdicts[cell]));
  }
  return out;
}

}  // namespace xsweep
