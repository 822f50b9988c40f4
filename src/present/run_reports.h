// WriteRunReports: everything that people read about a run, written into its directory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyze/aggregate.h"
#include "analyze/comparison/calibration.h"
#include "analyze/comparison/difference.h"
#include "present/failures.h"
#include "record/manifest.h"
#include "record/run_directory.h"

namespace xsweep {

struct PresentOptions {
  bool plots = true;
  bool report = false;    ///< report.md too
  bool notebook = false;  ///< notebook.ipynb too
  std::string gnuplot = "gnuplot";
  std::string gates_markdown = {};                         ///< what the notes say about the gates; empty without gates
  Adjustment adjustment = Adjustment::kMaxT;               ///< of p values in report.md
  std::optional<stats::ExternalCalibration> checked = {};  ///< the judge, elsewhere
};

struct WrittenReports {
  std::vector<std::string> files;          ///< names in the run directory
  std::string headline;                    ///< one sentence, plain text
  std::string warning;                     ///< why there are no PNGs; empty when all went well
  std::vector<FailureKind> failures;       ///< why trials ended in an error or were skipped, most frequent first
  std::vector<std::string> about_replies;  ///< sentences about replies of models that were no answers
};

/// Writes summary.csv, summary.svg and .png, heatmap, distribution and curves where they apply, and notes.md, each
/// whole or not at all. Without gnuplot everything but the PNGs is written and `warning` says so: pictures never fail a
/// run. Fails when the directory cannot be written.
Expected<WrittenReports> WriteRunReports(const RunDirectory& directory, const Manifest& manifest,
                                         const RunAggregate& aggregate, const PresentOptions& options = {});

}  // namespace xsweep
