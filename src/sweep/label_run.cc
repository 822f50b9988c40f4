// LabelRun: trials of a run shown to a person.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/label_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyze/comparison/calibration.h"
#include "analyze/trial_reader.h"
#include "base/draw.h"
#include "parts/shared/model_call.h"
#include "record/logs/layout.h"
#include "record/transcripts/transcript_file.h"

namespace xsweep {
namespace {

/// Trials of one cell by verdict; those without a label in the order in which they are to be asked.
struct Stratum {
  std::int64_t trials = 0;
  stats::LabelCount labelled;
  std::vector<std::pair<double, LabelTask>> open;  ///< by draw
};
struct CellStrata {
  Stratum no, yes;
};

Expected<std::map<std::string, CellStrata, std::less<>>> ReadStrata(const RunDirectory& run, std::uint64_t seed) {
  TRY_ASSIGN(const Labels labels, ReadLabels(run.path().string()));
  std::map<std::string, CellStrata, std::less<>> cells;
  TRY(ReadTrialRows(run.File(layout::kRows).string(), {0, UINT64_MAX}, {}, [&](const TrialRow& row, std::int64_t) {
    if (row.counts.outcome > Outcome::kNotExposed) return;
    CellStrata& cell = cells[std::string(row.cell)];
    Stratum& stratum = row.counts.outcome == Outcome::kAttackSucceeded ? cell.yes : cell.no;
    ++stratum.trials;
    if (const auto label = labels.find(row.index); label != labels.end()) {
      ++stratum.labelled.labels;
      stratum.labelled.successes += label->second ? 1 : 0;
      return;
    }
    const double draw = Draws(seed, row.task, row.trial).Uniform("label", static_cast<std::uint32_t>(row.index));
    stratum.open.push_back({draw, {row.index, std::string(row.cell), std::string(row.task), row.seed, row.trial, {}}});
  }));
  for (auto& [name, cell] : cells) {
    for (Stratum* stratum : {&cell.no, &cell.yes}) {
      std::ranges::sort(stratum->open, {}, [](const auto& open) { return std::pair(open.first, open.second.index); });
    }
  }
  return cells;
}

void Take(Stratum& stratum, std::int64_t count, std::vector<std::pair<double, LabelTask>>& out) {
  const auto taken = std::min<std::int64_t>(count, std::ssize(stratum.open));
  out.insert(out.end(), stratum.open.begin(), stratum.open.begin() + taken);
}

void AddDialogue(const TranscriptFile* file, LabelTask& task) {
  task.dialogue = "(its dialogue was not kept; run with transcripts: all to label every trial)\n";
  if (file == nullptr) return;
  const auto found = file->Find(task.index);
  if (!found || !*found) return;
  const auto transcript = Transcript::FromJson(**found);
  if (transcript) task.dialogue = DescribeDialogue(*transcript);
}

}  // namespace

Expected<std::vector<LabelTask>> NextToLabel(const RunDirectory& run, std::int64_t sample, std::uint64_t seed) {
  TRY_ASSIGN(auto cells, ReadStrata(run, seed));
  std::vector<std::pair<double, LabelTask>> drawn;
  const auto each = cells.empty() ? 0 : std::max<std::int64_t>(1, sample / std::ssize(cells));
  for (auto& [name, cell] : cells) {
    const double judged = static_cast<double>(cell.yes.trials) /
                          static_cast<double>(std::max<std::int64_t>(1, cell.yes.trials + cell.no.trials));
    std::int64_t to_yes = stats::NextLabelsToYes(judged, cell.yes.labelled, cell.no.labelled, each);
    // A verdict without any label says nothing: both get at least one.
    if (each > 1 && cell.yes.trials > 0) to_yes = std::max<std::int64_t>(to_yes, 1);
    if (each > 1 && cell.no.trials > 0) to_yes = std::min(to_yes, each - 1);
    Take(cell.yes, to_yes, drawn);
    Take(cell.no, each - to_yes, drawn);
  }
  std::ranges::sort(drawn, {}, [](const auto& open) { return std::pair(open.first, open.second.index); });
  std::optional<TranscriptFile> file;
  if (auto opened = TranscriptFile::Open(run.File(layout::kTranscripts))) file = std::move(*opened);
  std::vector<LabelTask> out;
  for (auto& [draw, task] : drawn) {
    if (std::ssize(out) >= sample) break;
    AddDialogue(file ? &*file : nullptr, task);
    out.push_back(std::move(task));
  }
  return out;
}

Status AddLabel(const RunDirectory& run, std::uint64_t index, bool label) {
  TRY_ASSIGN(const auto file, run.disk().Open(run.File("labels.jsonl"), OpenMode::kAppend));
  TRY(file->Write(fmt::format("{{\"index\":{},\"label\":{}}}\n", index, label)));
  return file->Sync();
}

}  // namespace xsweep
