// Hostile shard logs: scanning one never crashes, and what it counts as recorded are whole rows of the plan.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "record/logs/ledger.h"
#include "record/logs/trial_log.h"
#include "record/recorded_trials.h"

namespace {

/// In memory, and gone with the process.
struct Folder {
  std::string path = "/dev/shm/xsweep-fuzz-XXXXXX";
  Folder() { CHECK(::mkdtemp(path.data()) != nullptr, "no directory in /dev/shm"); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder shards;
  const std::string& folder = shards.path;
  for (const char* name : {"/0.jsonl", "/0.spent"}) {
    const auto file = xsweep::RealDisk().Open(folder + name, xsweep::OpenMode::kTruncate);
    CHECK(file && (*file)->Write({reinterpret_cast<const char*>(data), size}), "cannot write");
  }
  xsweep::LedgerReader ledgers(folder);
  CHECK(ledgers.Refresh(), "a ledger that cannot be read");
  constexpr std::uint64_t kPlanned = 16;
  const auto rows = xsweep::RecordedTrials::Scan(folder, kPlanned);
  if (!rows) return 0;
  std::uint64_t seen = 0;
  const auto visited = rows->ForEachRow([&](std::uint64_t index, std::string_view row) {
    CHECK(row.ends_with('\n') && xsweep::RowIndex(row) == index, "a row that is not the one it is counted as");
    ++seen;
    return xsweep::Status();
  });
  CHECK(visited && seen == rows->recorded(), "rows that were counted are not there");
  return 0;
}
