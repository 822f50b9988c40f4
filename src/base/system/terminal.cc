// What commands print with.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fmt/format.h>

#include "base/escape.h"
#include "base/text.h"

namespace xsweep {
namespace {

std::size_t Columns(int file, std::size_t otherwise) {
  struct winsize size{};
  return ::ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : otherwise;
}

std::string Fit(const std::string& sentence, int file) {
  const std::size_t columns = Columns(file, 0);
  return columns == 0 || ColumnsOf(sentence) <= columns ? sentence : Wrapped(sentence, 0, columns);
}

bool IsPlain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\t'; });
}

/// Text of servers and files comes by here: line by line without controls (C0, C1), without marks that turn the reading
/// direction, and as UTF-8. Our own line breaks and tabs stay.
void Write(std::string_view text, std::FILE* stream) {
  std::string cleaned;
  if (!IsPlain(text)) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find_first_of("\n\t", at), text.size());
      cleaned += CleanText(text.substr(at, end - at));
      if (end < text.size()) cleaned += text[end];
      at = end + 1;
    }
    text = cleaned;
  }
  // A signal may interrupt a write to a slow terminal or pipe.
  while (!text.empty()) {
    errno = 0;
    const std::size_t wrote = std::fwrite(text.data(), 1, text.size(), stream);
    text.remove_prefix(wrote);
    if (text.empty() || errno != EINTR) break;
    std::clearerr(stream);
  }
}

}  // namespace

void Print(std::string_view text) { Write(text, stdout); }

void PrintNote(std::string_view text) {
  Write(text, stderr);
  if (!text.ends_with('\n')) std::fputc('\n', stderr);
}

bool FlushOutput() {
  if (std::ferror(stdout) == 0 && std::fflush(stdout) == 0) return true;
  // Whoever closed the pipe has read what it wanted and needs no message.
  const std::string why = errno == 0 ? "" : fmt::format(": {}", std::strerror(errno));  // 0: an earlier write failed
  if (errno != EPIPE) PrintNote("xsweep: standard output cannot be written" + why);
  return false;
}

bool StderrIsTerminal() { return ::isatty(STDERR_FILENO) == 1; }

bool ColourWanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  return StderrIsTerminal() && (no_colour == nullptr || *no_colour == '\0');
}

std::size_t StderrWidth() { return Columns(STDERR_FILENO, 80); }
std::size_t OutputWidth() { return Columns(STDOUT_FILENO, 100); }
std::string FitOutput(const std::string& sentence) { return Fit(sentence, STDOUT_FILENO); }
std::string FitNote(const std::string& sentence) { return Fit(sentence, STDERR_FILENO); }

}  // namespace xsweep
