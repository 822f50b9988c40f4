// ExportBenchmark: what a benchmark keeps in Python, written down once by the user's own Python.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace xsweep {

struct BenchmarkExport {
  std::string name;  ///< "tau-bench" or "tau2"
  std::string path = {};
  std::string out = {};
  std::string python = "python3";
};

/// Runs the exporter that the program carries (data/tools/export_*.py) on the checkout at `path` and moves what it
/// made to `out`, which must not exist or be empty: `out` is whole or not there. Returns the lines that say what was
/// exported. Fails with kUser when Python or the benchmark's package is missing, in the exporter's words.
Expected<std::string> ExportBenchmark(const BenchmarkExport& request);

}  // namespace xsweep
