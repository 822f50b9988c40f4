// DesignNotes: the sections that say what a run was, and how to repeat it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "present/story.h"

namespace xsweep {

std::string DesignSection(const Story& story);
/// Of an import whose cases share tasks and injections: attack success with bounds by what is shared.
std::string SharedSection(const Story& story);
/// The command to repeat the run, and the one to rebuild its files.
std::string RepeatSection(const Story& story);

}  // namespace xsweep
