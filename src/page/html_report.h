// report.html: one run in one file that opens from a mail attachment, with no network.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/files.h"

namespace xsweep {

/// What a copy of a run may hold; whatever is left out is said on the page.
struct ReportCaps {
  std::uint64_t rows = 200'000;  ///< rounded up to whole chunks
  std::size_t transcripts = 200;
  std::uint64_t transcript_bytes = std::uint64_t{8} << 20U;
};

/// False when the binary was built without the page: there is no report.html then.
bool PageIsBuiltIn();

/// The page with its script and styles inlined and the data of one run in blocks that do nothing by themselves. The
/// policy in its head lets exactly that script and those styles act, by their hashes, and nothing load.
/// `run` lies under `results` as <exp>/<run_id>. Successful attacks come first among the dialogues that are included.
Expected<std::string> HtmlReport(const std::filesystem::path& results, const std::filesystem::path& run,
                                 const ReportCaps& caps = {});

/// Writes report.html into the run directory. Does nothing when the page is not built in.
Status WriteHtmlReport(Disk& disk, const std::filesystem::path& results, const std::filesystem::path& run,
                       const ReportCaps& caps = {});

}  // namespace xsweep
