// Index: results/index.csv.
// SPDX-License-Identifier: Apache-2.0
#include "record/index.h"
#include "base/wire_text.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

namespace xsweep {
namespace {

namespace fs = std::filesystem;

std::string HeaderLine() {
  std::string line;
  for (const std::string_view column : kIndexColumns) line.append(line.empty() ? "" : ",").append(column);
  return line + "\n";
}

std::string Line(const IndexEntry& entry) {
  std::string line;
  bool first = true;
  for (const std::string_view column : kIndexColumns) {
    if (!std::exchange(first, false)) line += ',';
    line += CsvField(entry[column]);
  }
  return line + "\n";
}

bool IsNumber(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

fs::path LockBeside(const fs::path& index) { return index.parent_path() / ("." + index.filename().string() + ".lock"); }

/// What must be appended to make `text` end in a whole line under the header.
std::string Repair(std::string_view text) {
  if (text.empty()) return HeaderLine();
  return text.ends_with('\n') ? "" : "\n";
}

/// An index with the columns of an older xsweep is written anew with those of this one. Under the caller's lock.
Status AppendToOlder(Disk& disk, const fs::path& index, const IndexEntry& entry) {
  TRY_ASSIGN(std::vector<IndexEntry> entries, ReadIndex(index));
  entries.push_back(entry);
  std::string text = HeaderLine();
  for (const IndexEntry& known : entries) text += Line(known);
  return WriteAtomically(disk, index, text);
}

}  // namespace

const std::string& IndexEntry::operator[](std::string_view column) const {
  static const std::string kEmpty;
  const auto found = values.find(column);
  return found == values.end() ? kEmpty : found->second;
}

std::string CsvField(std::string_view text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r").contains(text.front()) && !IsNumber(text)) field += '\'';
  field += text;
  if (field.find_first_of(",\"\n\r") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::vector<std::string> SplitCsvLine(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (c == '"' && (quoted || fields.back().empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (quoted) return {};
  return fields;
}

Status AppendToIndex(Disk& disk, const fs::path& index, const IndexEntry& entry) {
  TRY(MakeDirectories(disk, index.parent_path()));
  TRY_ASSIGN(const FileLock lock, FileLock::Acquire(LockBeside(index)));
  std::string known;
  if (fs::exists(index)) {
    TRY_ASSIGN(known, ReadFile(index));
  }
  const std::string line = Line(entry);
  if (known.find("\n" + line) != std::string::npos) return {};
  if (!known.empty() && !known.starts_with(HeaderLine())) return AppendToOlder(disk, index, entry);
  TRY_ASSIGN(auto file, disk.Open(index, OpenMode::kAppend));
  // One write, so that a reader never sees half of it unless the machine dies inside the call.
  TRY(file->Write(Repair(known) + line));
  TRY(file->Sync());
  return disk.SyncDirectory(index.parent_path());
}

Expected<std::vector<IndexEntry>> ReadIndex(const fs::path& index, std::size_t* damaged) {
  std::vector<IndexEntry> entries;
  if (!fs::exists(index)) return entries;
  TRY_ASSIGN(const std::string text, ReadFile(index));
  std::unordered_map<std::string, std::size_t> places;
  std::vector<std::string> columns;
  for (std::size_t start = 0, end = 0; start < text.size(); start = end + 1) {
    end = std::min(text.find('\n', start), text.size());
    std::string_view line = std::string_view(text).substr(start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);  // saved by a spreadsheet
    if (start == 0) line = WithoutByteOrderMark(line);
    std::vector<std::string> fields = SplitCsvLine(line);
    if (columns.empty()) {
      if (fields.empty() || fields[0] != "run_id")
        return UserError("is no index of xsweep; run `xsweep list --rebuild-index`", index.string());
      columns = std::move(fields);
      continue;
    }
    if (fields.size() != columns.size() || fields[0].empty() || end == text.size()) {
      if (damaged != nullptr) ++*damaged;
      continue;
    }
    IndexEntry entry;
    for (std::size_t i = 0; i < columns.size(); ++i) entry.values.emplace(columns[i], std::move(fields[i]));
    const auto [place, fresh] = places.try_emplace(entry["path"] + '\n' + entry["run_id"], entries.size());
    if (fresh) {
      entries.push_back(std::move(entry));
    } else {
      entries[place->second] = std::move(entry);
    }
  }
  return entries;
}

Status RewriteIndex(Disk& disk, const fs::path& index, const std::vector<IndexEntry>& entries) {
  TRY(MakeDirectories(disk, index.parent_path()));
  TRY_ASSIGN(const FileLock lock, FileLock::Acquire(LockBeside(index)));
  std::string text = HeaderLine();
  for (const IndexEntry& entry : entries) text += Line(entry);
  return WriteAtomically(disk, index, text);
}

}  // namespace xsweep
