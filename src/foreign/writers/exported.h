// What exporters are given: a sealed run's cells with the figures that its own reports have.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "episode/transcript.h"
#include "record/logs/trial.h"
#include "record/manifest.h"

namespace xsweep {

/// A rate as the reports print it; `value` and bounds are empty where there is nothing to say.
struct ExportedRate {
  std::int64_t successes = 0, n = 0;
  std::optional<double> value, low, high;
};

struct ExportedCell {
  CellRecord record;
  std::string label;
  ExportedRate asr, asr_exposed, task_success;
  std::int64_t errors = 0, skipped = 0, trials = 0;
};

/// A gate as it was judged.
struct ExportedGate {
  std::string text;  ///< as the config says it, e.g. "asr.upper95 < 0.10"
  std::string cell;  ///< the cell that decided; may be empty
  GateVerdict verdict = GateVerdict::kInvalid;
  std::string explanation;
};

struct ExportedRun {
  Manifest manifest;
  std::vector<ExportedCell> cells;
  std::vector<ExportedGate> gates;
  std::string config;  ///< the text of config.yaml
  std::string report;  ///< report.md
  std::string headline;
};

/// "exp/run id": what tells a run from every other; ids that leave it are made from this, as two experiments may begin
/// in one second and get one run id.
std::string PublicName(const RunDesign& manifest);
/// The model that plays the agent in a cell: an axis says it, or run.json; "xsweep/<agent>" where none does.
std::string AgentModel(const RunDesign& manifest, const CellRecord& cell);
/// "kind: message" of what ended the trial; empty where nothing did.
std::string ErrorText(const Trial& row);
/// "2026-11-26T17:22:38Z" as "2026-11-26T17:22:38+00:00".
std::string WithOffset(const std::string& utc);
/// Nanoseconds since 1970 of such a time; 0 for what is none.
std::int64_t UnixNanoseconds(const std::string& utc);

}  // namespace xsweep
