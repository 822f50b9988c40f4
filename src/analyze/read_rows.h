// ReadRows: a run's rows counted, by threads that each take a part of the file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "analyze/run_accumulator.h"
#include "analyze/trial_reader.h"
#include "base/error.h"
#include "record/manifest.h"
#include "record/run_directory.h"

namespace xsweep {

struct RowsRead {
  RunAccumulator rows;
  RangeReport report;
};

/// One file of rows, in its order whatever the threads; a trial counts once, with its first row. Rows that `run` has
/// not planned are findings.
Expected<RowsRead> ReadRowsOfFile(const std::string& path, const Manifest& run, const ReadOptions& options);
/// Rows of a run that is not sealed, in plan order, each trial once.
Expected<RowsRead> ReadRowsOfShards(const RunDirectory& run, const Manifest& manifest);

}  // namespace xsweep
