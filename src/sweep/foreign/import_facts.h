// ImportFacts: episodes that others have judged already (AgentDojo's trees, Inspect's logs, tables of facts) as a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sweep/foreign/imported.h"

namespace xsweep {

/// A tree of AgentDojo's logs, or one of them. Files that are no such logs are passed over and counted; a log that is
/// cut off is an error row.
Expected<int> ImportAgentDojo(const ImportRequest& request);
/// One log of Inspect, or every .eval (and .json log) below a directory.
Expected<int> ImportInspect(const ImportRequest& request);
/// A CSV or JSONL of facts, also packed by gzip.
Expected<int> ImportTable(const ImportRequest& request);

}  // namespace xsweep
