// ScratchDirectory: a place of one trial's own on the disk.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/scratch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "base/system/spawn.h"
#include "base/text.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kPrefix = "xsweep-trial-";

bool IsOrphan(const std::string& name) {
  if (!name.starts_with(kPrefix)) return false;
  const std::string_view rest = std::string_view(name).substr(kPrefix.size());
  const auto owner = ParseUnsigned(rest.substr(0, rest.find('-')));
  return owner && !ProcessRuns(static_cast<int>(*owner));
}

void RemoveOrphans(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (IsOrphan(entry.path().filename().string())) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

Expected<ScratchDirectory> ScratchDirectory::Make(std::string_view name) {
  std::error_code failed;
  const fs::path folder = fs::temp_directory_path(failed);
  static std::once_flag once;
  if (!failed) std::call_once(once, [&] { RemoveOrphans(folder); });
  const fs::path path = folder / fmt::format("{}{}-{}", kPrefix, ::getpid(), name);
  if (!failed) fs::create_directory(path, failed);
  if (!failed) fs::permissions(path, fs::perms::owner_all, failed);
  if (failed) return WorldError("cannot make a directory for a trial: " + failed.message(), path.string());
  return ScratchDirectory(path);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (path_.empty()) return;
  fs::remove_all(path_, ignored);
  // A process that was just killed may have been writing still.
  if (fs::exists(path_, ignored)) fs::remove_all(path_, ignored);
}

}  // namespace xsweep
