// ExportRun: a sealed run in the formats that other tools read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace xsweep {

struct ExportRequest {
  std::string run;
  std::string format;  ///< eval, otlp, mlflow, sarif, junit, csv
  std::string out;     ///< a directory; of mlflow the server's address, of otlp either
  std::string cell;    ///< empty: all of them
  std::string outdir = "results";
  bool accept_invalid = false;   ///< a run that is damaged is written all the same
  bool undecided_fails = false;  ///< of junit: INSUFFICIENT is a failure and no error
};

/// The names of the formats.
std::vector<std::string> ExportFormats();

/// Writes the run's files below `out` (made if needed; a file that is there is replaced) and prints their names. Fails
/// with kUser for a run that is not sealed, an unknown format or cell, and as AdmitRun does.
Status ExportRun(const ExportRequest& request);

}  // namespace xsweep
