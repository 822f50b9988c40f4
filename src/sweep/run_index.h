// RunIndex: what the index says of a run, made from its run.json alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "analyze/aggregate.h"
#include "record/index.h"
#include "record/manifest.h"

namespace xsweep {

/// What run.json says of the outcome under `headline`: one attacked cell, its control, task success; null where N/A.
Json HeadlineFacts(const RunAggregate& aggregate);

/// The line of a run in results/<exp>/<directory name>.
IndexEntry IndexLine(const std::filesystem::path& run, const Manifest& manifest);

/// Makes results/index.csv again from every run directory that is finished (completed, budget), oldest first.
Status RebuildIndex(const std::filesystem::path& results);

/// The lines of runs that are not finished and so stand in no index: running, interrupted or failed, oldest first.
/// `known` are those of the index, whose directories need not be looked into.
std::vector<IndexEntry> UnfinishedRuns(const std::filesystem::path& results, const std::vector<IndexEntry>& known);

}  // namespace xsweep
