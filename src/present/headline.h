// Headline: what a run found, in one sentence that a person can paste.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "present/story.h"

namespace xsweep {

/// What was attacked, the rate with its interval and basis. Plain text.
std::string Headline(const Story& story);

/// Whether a model judged the cell and nobody has checked it.
bool Uncorrected(const Story& story, const CellAggregate& cell);

}  // namespace xsweep
