// Bundle: the files that are published.
// SPDX-License-Identifier: Apache-2.0
#include "publish/bundle.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <unordered_set>

#include "base/files.h"
#include "base/json.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

int Order(std::string_view name) {
  if (name == kFrontPage) return 3;
  if (name == kRunList) return 2;
  return name.starts_with("data/") || name.starts_with("files/") ? 0 : 1;
}

/// The rows of a list of runs by their last column, the path.
std::string PathOfRow(const Json& row) {
  if (!row.is_array() || row.size() == 0 || !row.items().back().is_string()) return {};
  return row.items().back().AsString();
}

bool SameBytes(const fs::path& file, std::string_view bytes) {
  std::error_code absent;
  if (fs::file_size(file, absent) != bytes.size() || absent) return false;
  const auto there = ReadFile(file);
  return there && *there == bytes;
}

}  // namespace

Expected<std::vector<BundleFile>> ListBundle(const fs::path& site) {
  std::vector<BundleFile> files;
  std::error_code code;
  for (const auto& entry : fs::recursive_directory_iterator(site, code)) {
    if (!fs::is_regular_file(entry.symlink_status(code))) continue;
    files.push_back({entry.path().lexically_relative(site).generic_string(), entry.path(), entry.file_size(code)});
  }
  if (code) return WorldError("cannot be read: " + code.message(), site.string());
  std::ranges::sort(files, [](const BundleFile& a, const BundleFile& b) {
    return std::pair(Order(a.name), a.name) < std::pair(Order(b.name), b.name);
  });
  if (files.empty() || files.back().name != kFrontPage)
    return UserError("is no site: it has no index.html", site.string());
  return files;
}

std::string_view ContentTypeOf(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {{".html", "text/html; charset=utf-8"},
                                                                      {".js", "text/javascript; charset=utf-8"},
                                                                      {".css", "text/css; charset=utf-8"},
                                                                      {".json", "application/json; charset=utf-8"},
                                                                      {".csv", "text/csv; charset=utf-8"},
                                                                      {".md", "text/markdown; charset=utf-8"},
                                                                      {".yaml", "text/plain; charset=utf-8"},
                                                                      {".png", "image/png"},
                                                                      {".svg", "image/svg+xml"},
                                                                      {".zst", "application/zstd"}};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

std::string_view CacheControlOf(std::string_view name) {
  return Order(name) == 0 ? "public, max-age=3600" : "no-cache";
}

Expected<std::string> MergeRunLists(std::string_view theirs, std::string_view ours) {
  if (theirs.empty()) return std::string(ours);
  const auto there = Json::Parse(theirs);
  const Json* known = there ? there->Find("rows") : nullptr;
  if (known == nullptr || !known->is_array()) {
    return UserError("what is published there is not a site of xsweep; choose another place", std::string(kRunList));
  }
  TRY_ASSIGN(Json merged, Json::Parse(ours, std::string(kRunList)));
  if (*there->Find("columns") != *merged.Find("columns")) {
    return UserError("the site that is there was made by another version of xsweep; publish all runs to a new place",
                     std::string(kRunList));
  }
  std::unordered_set<std::string> fresh;
  for (const Json& row : merged.Find("rows")->items()) fresh.insert(PathOfRow(row));
  for (const Json& row : known->items()) {
    if (!fresh.contains(PathOfRow(row))) merged.FindMutable("rows")->Append(row);
  }
  // By path, so that the order in which two jobs publish leaves no trace.
  std::ranges::sort(merged.FindMutable("rows")->MutableItems(), {}, PathOfRow);
  return merged.Dump();
}

Expected<PublishResult> PublishToDirectory(const fs::path& site, const fs::path& destination, bool dry_run,
                                           const PublishProgress& progress) {
  TRY_ASSIGN(const auto files, ListBundle(site));
  std::optional<FileLock> alone;  // two that publish at once would each merge the list that the other is replacing
  if (!dry_run) {
    TRY(MakeDirectories(RealDisk(), destination));
    TRY_ASSIGN(FileLock lock, FileLock::Acquire(destination / ".lock", std::chrono::minutes(10)));
    alone.emplace(std::move(lock));
  }
  PublishResult result{.address = (fs::absolute(destination) / kFrontPage).string()};
  for (std::size_t done = 0; done < files.size(); ++done) {
    const fs::path target = destination / files[done].name;
    TRY_ASSIGN(std::string bytes, ReadFile(files[done].path));
    std::error_code absent;
    if (files[done].name == kRunList && fs::exists(target, absent)) {
      TRY_ASSIGN(const std::string theirs, ReadFile(target));
      TRY_ASSIGN(bytes, MergeRunLists(theirs, bytes));
    }
    if (SameBytes(target, bytes)) {
      ++result.unchanged;
    } else {
      if (!dry_run) {
        TRY(MakeDirectories(RealDisk(), target.parent_path()));
        TRY(WriteAtomically(RealDisk(), target, bytes));
      }
      ++result.sent;
      result.sent_bytes += bytes.size();
    }
    progress(done + 1, files.size(), files[done].name);
  }
  return result;
}

}  // namespace xsweep
