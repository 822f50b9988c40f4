// InspectLog: a cell of a run as a log of Inspect (.eval, version 2), sample by sample.
//
// A sample is a trial: its id is the task (of an imported case: task and injection), its epoch the how-manieth trial of
// it. Scores are attack_success and task_success, 1 or 0; where one does not apply it is not there. Messages are what
// each side saw; `tool` events are the calls, `approval` events a defense's decisions on them, `info` events from
// "xsweep" say what was planted and what came of it. A row keeps no clock, so every event has the time at which the run
// began.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "foreign/writers/exported.h"
#include "foreign/zip.h"

namespace xsweep {

class InspectLog {
 public:
  /// Nothing appears under `directory` before Finish. The file's name is as Inspect's own are.
  static Expected<InspectLog> Create(Disk& disk, const std::filesystem::path& directory, const ExportedRun& run,
                                     const ExportedCell& cell);
  Status Add(const Trial& row, const Transcript* dialogue);
  /// Returns the file's name.
  Expected<std::string> Finish();

 private:
  struct Reduced {
    double sum[2] = {0, 0};
    std::int64_t n[2] = {0, 0};
  };
  InspectLog(const ExportedRun& run, const ExportedCell& cell) : run_(&run), cell_(&cell) {}
  std::string SampleId(const Trial& row) const;
  /// Of one sample as JSON, and onto the log's.
  std::string CountUsage(const Usage& usage);
  void CountScores(const Trial& row, const std::string& id);
  std::string DatasetJson() const;
  std::string EvalJson() const;
  std::string PlanJson() const;
  std::string ResultsJson() const;
  std::string StatsJson() const;
  std::string ReductionsJson() const;

  const ExportedRun* run_;
  const ExportedCell* cell_;
  std::string model_, time_, name_;
  std::unique_ptr<AtomicFile> file_;
  std::unique_ptr<ZipWriter> zip_;
  std::map<std::string, int> epochs_;  ///< how many samples of an id there are
  std::vector<std::string> ids_;       ///< in order of first appearance
  std::map<std::string, Reduced> reduced_;
  std::string summaries_;
  std::int64_t samples_ = 0, completed_ = 0;
  std::int64_t scored_[2] = {0, 0};
  Usage usage_;
};

}  // namespace xsweep
