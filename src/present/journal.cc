// Journal: a dated page per run under docs/journal/, and the index of all of them.
// SPDX-License-Identifier: Apache-2.0
#include "present/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/escape.h"
#include "present/design_notes.h"
#include "present/headline.h"
#include "present/notes.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRemarks = "## Remarks\n";

std::string Date(const Manifest& manifest) {
  const std::string date = manifest.timestamp_utc.substr(0, 10);
  const bool dated = date.size() == 10 && date.find_first_not_of("0123456789-") == std::string::npos;
  return dated ? date : "0000-00-00";
}

/// Letters, digits and "._-+" stay: names come from configs.
std::string FileName(std::string_view name) {
  std::string safe;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    safe += plain || std::string_view("._-+").contains(c) ? c : '_';
  }
  return safe;
}

bool IsPage(const std::string& name) {
  return name.size() > 14 && name.ends_with(".md") && name[4] == '-' && name[7] == '-' && name[10] == '-' &&
         name.substr(0, 4).find_first_not_of("0123456789") == std::string::npos;
}

/// What people wrote under an earlier edition of the page.
std::string RemarksOf(const fs::path& page) {
  const auto text = ReadFile(page);
  if (!text) return "\n";
  const std::size_t at = text->find("\n" + std::string(kRemarks));
  return at == std::string::npos ? "\n" : text->substr(at + 1 + kRemarks.size());
}

/// The first paragraph under the title.
std::string HeadlineOf(std::string_view page) {
  const std::size_t title_end = page.find('\n');
  if (title_end == std::string_view::npos) return {};
  const std::size_t start = page.find_first_not_of('\n', title_end);
  if (start == std::string_view::npos) return {};
  return std::string(page.substr(start, page.find('\n', start) - start));
}

Status WriteIndex(Disk& disk, const fs::path& journal) {
  std::vector<std::string> names;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(journal, code)) {
    if (IsPage(entry.path().filename().string())) names.push_back(entry.path().filename().string());
  }
  if (code) return WorldError("cannot list the journal: " + code.message(), journal.string());
  std::ranges::sort(names, std::ranges::greater());
  std::string text =
      "# Journal\n\nRuns worth remembering, newest first. `xsweep journal` adds a page and rebuilds this list.\n\n";
  for (const std::string& name : names) {
    TRY_ASSIGN(const std::string page, ReadFile(journal / name));
    text += fmt::format("- [{}]({}): {}\n", MarkdownText(name.substr(0, name.size() - 3)), name, HeadlineOf(page));
  }
  return WriteAtomically(disk, journal / "README.md", text);
}

}  // namespace

Expected<fs::path> WriteJournalEntry(Disk& disk, const fs::path& journal, const Story& story,
                                     const fs::path& run_directory) {
  TRY(MakeDirectories(disk, journal));
  const Manifest& manifest = story.manifest;
  fs::path page =
      journal / fmt::format("{}-{}-{}.md", Date(manifest), FileName(manifest.exp), FileName(manifest.run_id));
  const std::string remarks = RemarksOf(page);
  const std::string text =
      fmt::format("# {}: {}\n\n{}\n\nRun {} in {}.\n\n", Date(manifest), MarkdownCode(manifest.exp),
                  MarkdownText(Headline(story)), MarkdownCode(manifest.run_id), MarkdownCode(run_directory.string())) +
      story.gates_markdown + DoubtsSection(story) + DesignSection(story) + std::string(kRemarks) + remarks;
  TRY(WriteAtomically(disk, page, text));
  TRY(WriteIndex(disk, journal));
  return page;
}

}  // namespace xsweep
