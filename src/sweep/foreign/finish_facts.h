// What all importers of facts share once their trials are read: rows, notes, the run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foreign/facts.h"
#include "sweep/foreign/imported.h"

namespace xsweep {

/// `sha256` is that of the source. Returns the exit code.
Expected<int> FinishFacts(const ImportRequest& request, ForeignSource& source, const std::string& sha256,
                          std::vector<ForeignTrial> trials, ImportedRun& run);

}  // namespace xsweep
