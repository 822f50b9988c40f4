// Garbled logs: whatever the bytes, what is counted as recorded is a row that can be read and has its transcript, and
// the rest is missing; sealing what is there never fails for want of a word.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "base/files.h"
#include "record/logs/log_row.h"
#include "record/logs/trial_log.h"
#include "record/recorded_trials.h"
#include "record/transcripts/seal_transcripts.h"

namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kPlanned = 64;

fs::path Shards() {
  static const fs::path path = [] {
    fs::path made = fs::temp_directory_path() / fmt::format("xsweep_garbled_log_{}", ::getpid());
    fs::create_directories(made);
    return made;
  }();
  return path;
}

void Put(const char* name, std::string_view bytes) {
  const auto file = xsweep::RealDisk().Open(Shards() / name, xsweep::OpenMode::kTruncate);
  CHECK(file && (*file)->Write(bytes), "a temporary file cannot be written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The first line break with a NUL behind it parts rows from transcripts; without one all are rows.
  const std::size_t parting = bytes.find(std::string_view("\n\0", 2));
  Put("0.jsonl", bytes.substr(0, parting == std::string_view::npos ? size : parting + 1));
  Put("0.transcripts", parting == std::string_view::npos ? std::string_view() : bytes.substr(parting + 2));
  const auto rows = xsweep::RecordedTrials::Scan(Shards(), kPlanned);
  if (!rows) {
    CHECK(rows.error().kind == xsweep::ErrorKind::kUser, "garbled bytes are no failure of ours");
    return 0;
  }
  std::uint64_t seen = 0;
  const auto read = rows->ForEachRow([&](std::uint64_t index, std::string_view row) {
    ++seen;
    CHECK(index < kPlanned && row.ends_with("}\n"), "a recorded row is no row");
    CHECK(xsweep::RowIndex(row) == index, "a row stands under another index");
    CHECK(row.find('\0') == std::string_view::npos, "a recorded row holds a NUL");
    return xsweep::Status();
  });
  CHECK(read && seen == rows->recorded(), "the rows counted are not the rows there");
  // A checksum is no signature: who guides the bytes by our comparisons finds one over frames that are none. Then the
  // trial is named, and nothing is sealed without it.
  const auto sealed = xsweep::SealTranscripts(xsweep::RealDisk(), Shards(), Shards() / "sealed.zst");
  CHECK(sealed || sealed.error().message.find("cannot be opened again") != std::string::npos,
        "what was read cannot be sealed");
  return 0;
}
