// ReadRows: a run's rows counted, by threads that each take a part of the file.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/read_rows.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <vector>

#include "analyze/plan_check.h"
#include "record/logs/trial_log.h"
#include "record/recorded_trials.h"

namespace xsweep {
namespace {

/// What one thread has read.
struct Part {
  RowsRead read;
  Status status;
};

/// Below this a second thread costs more than it saves.
constexpr std::uint64_t kBytesPerThread = std::uint64_t{1} << 20U;

void ReadPart(const std::string& path, RowRange range, const Manifest& run, const ReadOptions& options, Part& part) {
  Findings misplaced;
  PlanCheck plan(run);
  auto report = ReadTrialRows(path, range, options, [&](const TrialRow& row, std::int64_t line) {
    if (!plan.Fits(row)) return misplaced.Note(RowProblem::kForeign, line);
    if (plan.Contradicts(row)) misplaced.Note(RowProblem::kContradictory, line);
    if (!part.read.rows.Add(row)) misplaced.Note(RowProblem::kDuplicate, line);
  });
  if (!report) {
    part.status = std::unexpected(std::move(report).error());
    return;
  }
  part.read.report = std::move(*report);
  part.read.report.findings.Merge(misplaced, 0);
}

std::vector<Part> ReadParts(const std::string& path, std::uint64_t size, int count, const Manifest& run,
                            const ReadOptions& options) {
  std::vector<Part> parts(static_cast<std::size_t>(count));
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) {
    const auto cut = [&](int part) {
      return size / static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(part);
    };
    const RowRange range{cut(i), i + 1 == count ? size : cut(i + 1)};
    Part& part = parts[static_cast<std::size_t>(i)];
    if (i + 1 == count) {
      ReadPart(path, range, run, options, part);
    } else {
      threads.emplace_back([&, range] { ReadPart(path, range, run, options, part); });
    }
  }
  threads.clear();  // joins them
  return parts;
}

/// Folds the parts in file order into the first. False when a trial is in two of them.
bool MergeParts(std::vector<Part>& parts) {
  RowsRead& first = parts.front().read;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (first.rows.Overlaps(parts[i].read.rows)) return false;
    first.rows.Merge(parts[i].read.rows);
    first.report.findings.Merge(parts[i].read.report.findings, first.report.lines);
    first.report.lines += parts[i].read.report.lines;
  }
  return true;
}

}  // namespace

Expected<RowsRead> ReadRowsOfFile(const std::string& path, const Manifest& run, const ReadOptions& options) {
  std::error_code failure;
  const std::uint64_t size = std::filesystem::file_size(path, failure);
  if (failure) return WorldError("cannot be read: " + failure.message(), path);
  const auto useful = static_cast<int>(std::min<std::uint64_t>(size / kBytesPerThread + 1, 64));
  const int count = std::clamp(options.threads, 1, useful);
  std::vector<Part> parts = ReadParts(path, size, count, run, options);
  if (!MergeParts(parts))
    parts = ReadParts(path, size, 1, run, options);  // only then does it matter which row was first
  for (Part& part : parts) TRY(std::move(part.status));
  return std::move(parts.front().read);
}

Expected<RowsRead> ReadRowsOfShards(const RunDirectory& run, const Manifest& manifest) {
  TRY_ASSIGN(const RecordedTrials recorded, RecordedTrials::Scan(run.shards(), manifest.planned));
  PlanCheck plan(manifest);
  RowsRead part;
  Trial storage;
  TRY(recorded.ForEachRow([&](std::uint64_t, std::string_view line) -> Status {
    ++part.report.lines;
    const auto row = ParseAnyTrialRow(line, storage);
    if (!row) {
      part.report.findings.Note(row.error(), part.report.lines);
    } else if (!plan.Fits(*row)) {
      part.report.findings.Note(RowProblem::kForeign, part.report.lines);
    } else {
      if (plan.Contradicts(*row)) part.report.findings.Note(RowProblem::kContradictory, part.report.lines);
      part.rows.Add(*row);
    }
    return {};
  }));
  return part;
}

}  // namespace xsweep
