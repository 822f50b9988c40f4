// Doubts: what a reader should know before believing the numbers of a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "present/story.h"

namespace xsweep {

/// Markdown sentences, the gravest first; never empty, since every run leaves something open. Looks at: unfinished
/// runs, damaged rows, no or partial exposure, error rates, attacks that are too weak to test a defense, utility at its
/// floor, defenses that win by blocking everything, few tasks, and the difference between two cells that this design
/// can see.
std::vector<std::string> Doubts(const Story& story);

}  // namespace xsweep
