// What is printed where: results to stdout, notes to stderr.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace xsweep {

/// Prints to stdout. Output is flushed when the process ends. Controls other than line breaks and tabs, and characters
/// that turn the reading direction, become blanks: whatever a server or a file says, it does not steer the terminal.
void Print(std::string_view text);
/// Prints a line to stderr, cleaned in the same way: warnings and what people watch.
void PrintNote(std::string_view text);
/// Flushes stdout; false, with a note, when something that was printed could not be written (a full disk).
bool FlushOutput();
/// True when stderr is a terminal that may be drawn on (NO_COLOR decides about colour only).
bool StderrIsTerminal();
bool ColourWanted();
/// Columns of the terminal behind stderr; of the one behind stdout for results, 100 where that is a file or a pipe.
std::size_t StderrWidth();
std::size_t OutputWidth();
/// A sentence of ours in lines that the terminal behind stdout, or stderr, is wide enough for; as it is in files and
/// pipes, whose readers look for whole lines.
std::string FitOutput(const std::string& sentence);
std::string FitNote(const std::string& sentence);

}  // namespace xsweep
