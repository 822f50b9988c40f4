// report.md: the whole story of a run in one file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "present/story.h"

namespace xsweep {

/// Headline, gates, pictures (`pictures` are file names without ending, shown where they exist beside the report),
/// cells, seeds, attacks against defenses, cells against controls, repeated trials, doubts, controls, failures, effort,
/// design, how to repeat.
std::string ReportMarkdown(const Story& story, const std::vector<std::string>& pictures);

}  // namespace xsweep
