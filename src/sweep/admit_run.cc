// AdmitRun: whether a finished run's rows may become a result.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/admit_run.h"

#include "base/system/terminal.h"

namespace xsweep {

Status AdmitRun(const RunAggregate& run, bool accept_invalid) {
  if (!accept_invalid) TRY(RefuseDamaged(run));
  for (const std::string& defect : run.defects) PrintNote("warning: " + defect);
  if (run.unfinished > 0) PrintNote("note: " + UnfinishedWords(run));
  return {};
}

}  // namespace xsweep
