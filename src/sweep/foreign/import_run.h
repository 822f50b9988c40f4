// ImportResults: recorded results of other harnesses as a run directory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sweep/foreign/imported.h"

namespace xsweep {

/// Tells the format from what is there unless `request.from` says it, reads it and writes the run. A format that is
/// known and not read is named. Fails with kUser before anything is written when the file cannot be taken as it is.
Expected<int> ImportResults(const ImportRequest& request);

}  // namespace xsweep
