// Ledger: what a run has spent.
// SPDX-License-Identifier: Apache-2.0
#include "record/ledger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

std::string Text(const LedgerLine& line) {
  return fmt::format("{} {} {} {} {} {} {}\n", line.calls, line.prompt_tokens, line.completion_tokens,
                     line.cost_nano_usd, line.cost_known ? 1 : 0, line.milliseconds,
                     line.stopped_by.empty() ? "-" : line.stopped_by);
}

/// A line that is none counts as nothing: it can only be the torn end of a process that died, with another behind it.
LedgerLine Parse(std::string_view text) {
  const auto fields = Split(text, ' ');
  if (fields.size() != 7) return {};
  std::int64_t numbers[6];
  for (int i = 0; i < 6; ++i) {
    const auto number = ParseUnsigned(fields[static_cast<std::size_t>(i)]);
    constexpr std::uint64_t kMost = std::uint64_t{1} << 62U;
    if (!number || *number > kMost) return {};
    numbers[i] = static_cast<std::int64_t>(*number);
  }
  return {numbers[0],
          numbers[1],
          numbers[2],
          numbers[3],
          numbers[4] != 0,
          numbers[5],
          fields[6] == "-" ? std::string() : std::string(fields[6])};
}

}  // namespace

LedgerLine& LedgerLine::operator+=(const LedgerLine& other) {
  calls += other.calls;
  prompt_tokens += other.prompt_tokens;
  completion_tokens += other.completion_tokens;
  cost_nano_usd += other.cost_nano_usd;
  cost_known = cost_known && other.cost_known;
  milliseconds += other.milliseconds;
  if (!other.stopped_by.empty()) stopped_by = other.stopped_by;
  return *this;
}

Expected<std::unique_ptr<Ledger>> Ledger::Create(Disk& disk, const fs::path& path) {
  TRY_ASSIGN(auto file, disk.Open(path, OpenMode::kTruncate));
  return std::unique_ptr<Ledger>(new Ledger(std::move(file)));
}

Status Ledger::Append(const LedgerLine& line) {
  const std::lock_guard lock(mutex_);
  return file_->Write(Text(line));
}

Status Ledger::Sync() {
  const std::lock_guard lock(mutex_);
  return file_->Sync();
}

std::string ShardOfLog(const std::string& file_name) { return file_name.substr(0, file_name.find('.')); }

Status LedgerReader::Refresh() {
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(shards_, absent)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".spent" && name != except_) files_.try_emplace(name);
  }
  for (auto& [name, known] : files_) TRY(ReadNew(shards_ / name, known));
  return {};
}

Status LedgerReader::ReadNew(const fs::path& path, Known& known) {
  // Opened anew for every reading: that is when a network file system shows what others have written.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return {};
  if (descriptor < 0) return WorldError(std::string("cannot read: ") + std::strerror(errno), path.string());
  std::string text;
  char buffer[16384];
  ssize_t got = 0;
  while ((got = ::pread(descriptor, buffer, sizeof buffer, static_cast<off_t>(known.offset + text.size()))) > 0)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(descriptor);
  const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  for (std::size_t start = 0, end = 0; start < whole; start = end + 1) {
    end = text.find('\n', start);
    known.total += Parse(std::string_view(text).substr(start, end - start));
  }
  known.offset += whole;
  return {};
}

LedgerLine LedgerReader::Total() const {
  LedgerLine total;
  std::map<std::string, std::int64_t> running;
  for (const auto& [name, known] : files_) {
    total += known.total;
    if (name != kCarriedLedger) running[ShardOfLog(name)] += known.total.milliseconds;
  }
  const auto carried = files_.find(std::string(kCarriedLedger));
  total.milliseconds = carried == files_.end() ? 0 : carried->second.total.milliseconds;
  std::int64_t longest = 0;
  for (const auto& [shard, milliseconds] : running) longest = std::max(longest, milliseconds);
  total.milliseconds += longest;
  return total;
}

LedgerLine LedgerReader::TotalFor(const std::string& shard) const {
  LedgerLine total;
  std::int64_t milliseconds = 0;
  for (const auto& [name, known] : files_) {
    total += known.total;
    if (name == kCarriedLedger || ShardOfLog(name) == shard) milliseconds += known.total.milliseconds;
  }
  total.milliseconds = milliseconds;
  return total;
}

}  // namespace xsweep
