// What is printed where: results to stdout, notes to stderr.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace xsweep {

/// Prints to stdout. Output is flushed when the process ends.
void Print(std::string_view text);
/// Prints a line to stderr: warnings and what people watch.
void PrintNote(std::string_view text);
/// True when stderr is a terminal that may be drawn on (NO_COLOR decides about colour only).
bool StderrIsTerminal();
bool ColourWanted();

}  // namespace xsweep
