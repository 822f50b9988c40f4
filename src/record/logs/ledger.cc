// Ledger: what a run has spent.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/ledger.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/text.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestLine = 1536;  // twelve numbers and a limit's name, and ten numbers for each role
constexpr std::size_t kRunFields = 7 + kCount<CallLimit>;
constexpr std::size_t kRoleFields = 6 + kCount<CallLimit>;

/// Fields as numbers; false when one is none.
template <std::size_t kNumbers>
bool ParseNumbers(std::span<const std::string> fields, std::array<std::int64_t, kNumbers>& numbers) {
  for (std::size_t i = 0; i < kNumbers; ++i) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 62U;
    const auto number = ParseUnsigned(fields[i]);
    if (!number || *number > kMost) return false;
    numbers[i] = static_cast<std::int64_t>(*number);
  }
  return true;
}

bool ParseRole(std::span<const std::string> fields, LedgerLine& total, Holds& hold) {
  const auto role = Parse<Role>(fields[0]);
  std::array<std::int64_t, 5> spent{};
  if (!role || !ParseNumbers(fields.subspan(1), spent)) return false;
  total.roles[*role] = {spent[0], spent[1], spent[2], spent[3], spent[4] != 0};
  return ParseNumbers(fields.subspan(6), hold[static_cast<std::size_t>(*role)]);
}

/// Takes the sums and what is set aside from a line; false, and nothing is changed, when it is none.
bool ParseLine(std::string_view text, LedgerLine& total, Holds& hold) {
  const auto words = Split(text, ' ');
  const std::span<const std::string> fields(words);
  if (fields.size() < kRunFields || (fields.size() - kRunFields) % kRoleFields != 0) return false;
  std::array<std::int64_t, 6> spent{};
  Holds held{};
  if (!ParseNumbers(fields, spent) || !ParseNumbers(fields.subspan(7), held[kAllRoles])) return false;
  LedgerLine line{.usage = {spent[0], spent[1], spent[2], spent[3], spent[4] != 0},
                  .milliseconds = spent[5],
                  .stopped_by = fields[6] == "-" ? std::string() : fields[6]};
  for (std::size_t at = kRunFields; at < fields.size(); at += kRoleFields) {
    if (!ParseRole(fields.subspan(at, kRoleFields), line, held)) return false;
  }
  total = std::move(line);
  hold = held;
  return true;
}

/// The same as ShardOfLog(name) == shard, without a copy.
bool IsOfShard(std::string_view name, std::string_view shard) {
  return name.starts_with(shard) && name.substr(shard.size()).starts_with('.');
}

}  // namespace

LedgerLine& LedgerLine::operator+=(const LedgerLine& other) {
  usage += other.usage;
  milliseconds += other.milliseconds;
  if (!other.stopped_by.empty()) stopped_by = other.stopped_by;
  for (const Role role : kEvery<Role>) roles[role] += other.roles[role];
  return *this;
}

Expected<std::unique_ptr<Ledger>> Ledger::Create(Disk& disk, const fs::path& path) {
  TRY_ASSIGN(auto file, disk.Open(path, OpenMode::kTruncate));
  return std::unique_ptr<Ledger>(new Ledger(std::move(file)));
}

Status Ledger::Append(const LedgerLine& charge) {
  const std::lock_guard lock(mutex_);
  total_ += charge;
  return Write();
}

Status Ledger::Hold(const Amounts& until, std::size_t whose) {
  const std::lock_guard lock(mutex_);
  hold_[whose] = until;
  return Write();
}

Status Ledger::Write() {
  const auto numbers = [](const Usage& spent) {
    return fmt::format("{} {} {} {} {}", spent.calls, spent.prompt_tokens, spent.completion_tokens, spent.cost_nano_usd,
                       spent.cost_known ? 1 : 0);
  };
  std::string line = fmt::format("{} {} {} {}", numbers(total_.usage), total_.milliseconds,
                                 total_.stopped_by.empty() ? "-" : total_.stopped_by, fmt::join(hold_[kAllRoles], " "));
  for (const Role role : kEvery<Role>) {
    const Amounts& held = hold_[static_cast<std::size_t>(role)];
    if (total_.roles[role] == Usage() && held == Amounts()) continue;
    line += fmt::format(" {} {} {}", NameOf(role), numbers(total_.roles[role]), fmt::join(held, " "));
  }
  return file_->Write(line + "\n");
}

Status Ledger::Sync() {
  const std::lock_guard lock(mutex_);
  return file_->Sync();
}

std::string ShardOfLog(const std::string& file_name) { return file_name.substr(0, file_name.find('.')); }

Amounts AmountsOf(const LedgerLine& spent, std::size_t whose) {
  return AmountsOf(whose == kAllRoles ? spent.usage : spent.roles.values[whose]);
}

Status MarkDone(Disk& disk, const fs::path& shards, std::uint32_t shard, std::uint32_t count, bool done) {
  const fs::path path = shards / fmt::format("{}of{}{}", shard, count, layout::kDone);
  if (!done) return fs::exists(path) ? disk.Remove(path) : Status();
  TRY(disk.Open(path, OpenMode::kTruncate));
  return disk.SyncDirectory(shards);
}

Status LedgerReader::Refresh() {
  std::unique_ptr<DIR, decltype([](DIR* open) { ::closedir(open); })> folder(::opendir(shards_.c_str()));
  const int descriptor = folder ? ::dirfd(folder.get()) : -1;
  if (descriptor < 0) return {};
  done_.clear();
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(layout::kDone)) done_.emplace(name);
    if (name.ends_with(layout::kLedger) && name != except_) files_.try_emplace(std::string(name));
  }
  struct stat own{};
  if (!except_.empty() && ::fstatat(descriptor, except_.c_str(), &own, 0) == 0) now_ = own.st_mtime;
  for (auto& [name, known] : files_) TRY(ReadEnd(descriptor, name, known));
  return {};
}

Status LedgerReader::ReadEnd(int folder, const std::string& name, Known& known) {
  const auto failed = [&] {
    return WorldError(std::string("cannot read: ") + std::strerror(errno), (shards_ / name).string());
  };
  // Opened anew for every reading: that is when a network file system shows what others have written.
  const int descriptor = static_cast<int>(TEMP_FAILURE_RETRY(::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC)));
  if (descriptor < 0) return errno == ENOENT ? Status() : failed();
  struct stat status{};
  char end[2 * kLongestLine];
  ssize_t got = ::fstat(descriptor, &status);
  const auto from = std::max<off_t>(0, status.st_size - static_cast<off_t>(sizeof end));
  if (got == 0) got = TEMP_FAILURE_RETRY(::pread(descriptor, end, sizeof end, from));
  const int code = errno;
  ::close(descriptor);
  errno = code;
  if (got < 0) return failed();
  known.changed = status.st_mtime;
  std::string_view text(end, static_cast<std::size_t>(got));
  // The last line may be torn, or be the start of one that is being written.
  while (const std::size_t stop = text.rfind('\n') + 1) {
    text = text.substr(0, stop - 1);
    if (ParseLine(text.substr(text.rfind('\n') + 1), known.total, known.hold)) break;
  }
  return {};
}

Amounts LedgerReader::Spent(std::size_t whose) const {
  Amounts total{};
  for (const auto& [name, known] : files_) {
    const Amounts spent = AmountsOf(known.total, whose);
    for (std::size_t i = 0; i < spent.size(); ++i) total[i] += spent[i];
  }
  return total;
}

Amounts LedgerReader::Committed(const std::string& shard, std::size_t whose) const {
  Amounts committed{};
  for (const auto& [name, known] : files_) {
    const bool holds = Alive(known) && !IsOfShard(name, shard);
    const Amounts spent = AmountsOf(known.total, whose);
    const Amounts& held = known.hold[whose];
    for (std::size_t i = 0; i < spent.size(); ++i) committed[i] += holds ? std::max(spent[i], held[i]) : spent[i];
  }
  return committed;
}

std::size_t LedgerReader::Alive() const {
  return static_cast<std::size_t>(std::ranges::count_if(files_, [&](const auto& file) { return Alive(file.second); }));
}

std::uint32_t LedgerReader::Done(std::uint32_t count, const std::string& except) const {
  const std::string end = fmt::format("of{}{}", count, layout::kDone);
  return static_cast<std::uint32_t>(std::ranges::count_if(
      done_, [&](const std::string& name) { return name.ends_with(end) && name != except + end; }));
}

LedgerLine LedgerReader::Total() const {
  LedgerLine total;
  std::map<std::string, std::int64_t> running;
  for (const auto& [name, known] : files_) {
    total += known.total;
    if (name != layout::kCarriedLedger) running[ShardOfLog(name)] += known.total.milliseconds;
  }
  const auto carried = files_.find(std::string(layout::kCarriedLedger));
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
    if (name == layout::kCarriedLedger || IsOfShard(name, shard)) milliseconds += known.total.milliseconds;
  }
  total.milliseconds = milliseconds;
  return total;
}

}  // namespace xsweep
