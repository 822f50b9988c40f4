// What commands print with.
// SPDX-License-Identifier: Apache-2.0
#include "base/terminal.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace xsweep {

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void PrintNote(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  if (!text.ends_with('\n')) std::fputc('\n', stderr);
}

bool StderrIsTerminal() { return ::isatty(STDERR_FILENO) == 1; }

bool ColourWanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  return StderrIsTerminal() && (no_colour == nullptr || *no_colour == '\0');
}

}  // namespace xsweep
