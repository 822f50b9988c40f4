// AdmitRun: whether a finished run's rows may become a result: a picture, an export, a page, an entry.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analyze/aggregate.h"
#include "base/error.h"

namespace xsweep {

/// Fails with kWorld when the rows are not those that the run planned, unless `accept_invalid`: then it is a note, as
/// it is that planned trials have not run yet. Asked before anything is written.
Status AdmitRun(const RunAggregate& run, bool accept_invalid);

}  // namespace xsweep
