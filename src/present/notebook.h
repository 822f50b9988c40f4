// notebook.ipynb: a run to play with, for stock Jupyter.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "present/story.h"

namespace xsweep {

/// A notebook (nbformat 4.5) that reads summary.csv and trials.jsonl beside it. It needs nothing but Python; with
/// pandas its tables are nicer, with matplotlib it draws. Nothing foreign stands in its code.
std::string NotebookJson(const Story& story);

}  // namespace xsweep
