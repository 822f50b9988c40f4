// Verdict: a run's gates evaluated, with the runs that they compare against.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "analyze/gates/gates.h"
#include "record/manifest.h"
#include "record/run_directory.h"

namespace xsweep {

/// Evaluates the manifest's gates; those among `later_gates` were stated after the run was done. INVALID above the
/// run's max_error_rate, with or without gates. Fails with kUser for a gate that cannot be read.
Expected<GateReport> JudgeRun(const RunDirectory& run, const Manifest& manifest, const RunAggregate& aggregate,
                              const std::vector<std::string>& later_gates = {});

/// Writes junit.xml and job_summary.md beside the run's other files when it has gates.
Status WriteGateFiles(const RunDirectory& run, const Manifest& manifest, const GateReport& report,
                      const std::string& headline);

}  // namespace xsweep
