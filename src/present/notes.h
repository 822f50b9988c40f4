// Notes: what a run found, in plain words with its numbers. notes.md, and the sections that report.md shares.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "present/story.h"

namespace xsweep {

// Sections in Markdown, each with its heading and a blank line at its end; empty where there is nothing to say.
/// One row a cell: attack success, the same among exposed trials, task success, errors.
std::string CellsSection(const Story& story);
std::string ControlsSection(const Story& story);
/// What labels of people make of the judge's verdicts; empty without labels.
std::string CalibrationSection(const Story& story);
/// What a reader should know before believing a number: thin data, weak attacks, useless agents, damaged rows.
std::string DoubtsSection(const Story& story);
std::string FailuresSection(const Story& story);

/// notes.md. A function of run.json and the rows; nothing in them can break out of the Markdown.
std::string NotesMarkdown(const Story& story);

}  // namespace xsweep
