// The power goes at a random moment: what was acknowledged is there afterwards, and what has a final name is whole.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <mutex>
#include <random>
#include <set>

#include "record/index.h"
#include "record/logs/ledger.h"
#include "record/logs/line_log.h"
#include "record/logs/trial_log.h"
#include "record/recorded_trials.h"
#include "record/run_directory.h"
#include "record/transcripts/seal_transcripts.h"
#include "record/transcripts/transcript_file.h"
#include "record/transcripts/transcript_log.h"
#include "support/disks.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// The model: every file is its bytes and how many of them are synced; every name is what the process sees and what the
/// platter has. A sync of a file keeps its bytes, a sync of a directory keeps the names in it. After `operations`
/// changes the power goes: everything fails from then on. `Restart` leaves on the real disk what a power loss may
/// leave: of unsynced bytes any prefix, of unsynced names of a directory any first ones. Directories and removals are
/// kept at once, which for what is tested here is the harder case.
class PowerLossDisk : public ForwardingDisk {
 public:
  PowerLossDisk(fs::path root, std::uint64_t operations, std::uint64_t seed)
      : root_(std::move(root)), left_(operations), random_(seed) {}

  bool off() const { return off_; }
  std::uint64_t changes() const { return changes_; }

  Expected<std::unique_ptr<WritableFile>> Open(const fs::path& path, OpenMode mode) override {
    TRY(Change());
    const bool fresh = !fs::exists(path);
    if (!fresh && mode == OpenMode::kTruncate) synced_[Inode(path)] = 0;
    TRY_ASSIGN(auto file, ForwardingDisk::Open(path, mode));
    if (fresh) pending_[path.parent_path()].push_back({Name::kCreated, path, {}, {}});
    return std::make_unique<File>(*this, std::move(file), Inode(path), path);
  }
  Status Rename(const fs::path& from, const fs::path& to) override {
    TRY(Change());
    // What the old name of the target held comes back when this rename is lost.
    fs::path backup;
    if (fs::exists(to) && !fs::is_directory(to)) {
      backup = root_ / (".backup" + std::to_string(changes_));
      fs::create_hard_link(to, backup);
    }
    TRY(ForwardingDisk::Rename(from, to));
    pending_[to.parent_path()].push_back({Name::kRenamed, to, from, backup});
    return {};
  }
  Status Remove(const fs::path& path) override {
    TRY(Change());
    return ForwardingDisk::Remove(path);
  }
  Status Truncate(const fs::path& path, std::uint64_t size) override {
    TRY(Change());
    TRY(ForwardingDisk::Truncate(path, size));
    synced_[Inode(path)] = std::min(synced_[Inode(path)], size);
    return {};
  }
  Expected<bool> MakeDirectory(const fs::path& path) override {
    TRY(Change());
    return ForwardingDisk::MakeDirectory(path);
  }
  Status Symlink(const fs::path& target, const fs::path& link) override {
    TRY(Change());
    return ForwardingDisk::Symlink(target, link);
  }
  Status SyncDirectory(const fs::path& path) override {
    TRY(Change());
    pending_.erase(path);
    return {};
  }

  void Restart() {
    for (auto& [directory, names] : pending_) {
      const std::size_t kept = random_() % (names.size() + 1);
      while (names.size() > kept) {
        Undo(names.back());
        names.pop_back();
      }
    }
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      if (entry.is_regular_file() && !entry.is_symlink()) files.push_back(entry.path());
    }
    std::set<std::uint64_t> cut;
    for (const fs::path& path : files) {
      if (!cut.insert(Inode(path)).second) continue;
      const std::uint64_t safe = synced_.contains(Inode(path)) ? synced_[Inode(path)] : 0;
      const std::uint64_t size = fs::file_size(path);
      if (size > safe) fs::resize_file(path, safe + random_() % (size - safe + 1));
    }
  }

 private:
  struct Name {
    enum { kCreated, kRenamed } what;
    fs::path path;
    fs::path from;
    fs::path backup;
  };
  class File : public WritableFile {
   public:
    File(PowerLossDisk& disk, std::unique_ptr<WritableFile> file, std::uint64_t inode, fs::path path)
        : disk_(disk), file_(std::move(file)), inode_(inode), path_(std::move(path)) {}
    Status Write(std::string_view bytes) override {
      TRY(disk_.Change());
      return file_->Write(bytes);
    }
    Status Sync() override {
      TRY(disk_.Change());
      const std::lock_guard lock(disk_.mutex_);
      disk_.synced_[inode_] = file_->size();
      // As ext4 and XFS do it: syncing a new file keeps its name too.
      auto& names = disk_.pending_[path_.parent_path()];
      std::erase_if(names, [&](const Name& name) { return name.what == Name::kCreated && name.path == path_; });
      return {};
    }
    std::uint64_t size() const override { return file_->size(); }

   private:
    PowerLossDisk& disk_;
    std::unique_ptr<WritableFile> file_;
    std::uint64_t inode_;
    fs::path path_;
  };

  Status Change() {
    const std::lock_guard lock(mutex_);  // a log is synced by a thread of its own
    if (!off_ && ++changes_ > left_) off_ = true;
    return off_ ? WorldError("the power is gone") : Status();
  }
  static void Undo(const Name& name) {
    if (!fs::exists(name.path)) return;  // removed with its directory since
    if (name.what == Name::kCreated) {
      fs::remove(name.path);
    } else {
      fs::rename(name.path, name.from);
      if (!name.backup.empty()) fs::rename(name.backup, name.path);
    }
  }
  static std::uint64_t Inode(const fs::path& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
  }

  const fs::path root_;
  const std::uint64_t left_;
  std::mt19937_64 random_;
  std::mutex mutex_;
  std::uint64_t changes_ = 0;
  bool off_ = false;
  std::map<std::uint64_t, std::uint64_t> synced_;  ///< inode -> bytes on the platter
  std::map<fs::path, std::vector<Name>> pending_;  ///< directory -> names that are not
};

constexpr std::uint64_t kTrials = 12;

std::string Row(std::uint64_t index) {
  Trial trial;
  trial.index = index;
  trial.task = "t" + std::to_string(index);
  std::string row;
  AppendTrialRow(trial, row);
  return row;
}

struct Outcome {
  std::set<std::uint64_t> acknowledged;  ///< rows that a Sync has answered for
  bool manifest_acknowledged = false;
  bool sealed_acknowledged = false;
  bool indexed = false;
};

std::string Exchange(std::uint64_t index) { return "exchange " + std::to_string(index) + "\n"; }

/// A run from its directory to its seal; ends where the power does.
Status LiveThrough(Disk& disk, const fs::path& results, Outcome& outcome) {
  Manifest manifest;
  manifest.exp = "exp";
  TRY_ASSIGN(const auto run, RunDirectory::Start(disk, results, "r", true, "exp: exp\n", manifest));
  outcome.manifest_acknowledged = true;
  TRY(disk.MakeDirectory(run->shards()));
  TRY(disk.SyncDirectory(run->path()));
  {
    TRY_ASSIGN(const auto transcripts, TranscriptLog::Open(disk, run->shards() / "0.transcripts"));
    TRY_ASSIGN(const auto exchanges, LineLog::Open(disk, run->shards() / "0.exchanges.zst"));
    TRY_ASSIGN(const auto ledger, Ledger::Create(disk, run->shards() / "0.spent"));
    TRY_ASSIGN(const auto log, TrialLog::CreateOwn(disk, run->shards(), "0"));
    log->SyncFirst([&]() -> Status {
      TRY(transcripts->Sync());
      TRY(ledger->Sync());
      return exchanges->Sync();
    });
    for (std::uint64_t index = 0; index < kTrials; ++index) {
      TRY(exchanges->Append(Exchange(index)));
      TRY(ledger->Append({.usage = {.calls = 1}}));
      std::string transcript;
      AppendTranscriptRecord(index, 0, "{\"n\":" + std::to_string(index) + "}", transcript);
      TRY(transcripts->Append(transcript));
      TRY(log->Append(Row(index)));
      if (index % 3 != 2) continue;
      TRY(log->Sync());
      for (std::uint64_t synced = 0; synced <= index; ++synced) outcome.acknowledged.insert(synced);
    }
    TRY(log->Close());
  }
  TRY(run->Seal(kTrials));
  outcome.sealed_acknowledged = true;
  manifest.status = RunStatus::kCompleted;
  TRY(run->WriteManifest(manifest));
  TRY(AppendToIndex(disk, results / "index.csv", {{{"run_id", "r"}, {"path", "exp/r"}}}));
  outcome.indexed = true;
  return {};
}

/// What an acknowledged row rests on: its dialogue, what was paid for it, what that cost.
void ExpectWhatRowsRestOn(const RunDirectory& run, const std::set<std::uint64_t>& rows) {
  std::string exchanges;
  for (const fs::path& path : run.exchanges()) {
    const auto file = LineFile::Open(path);
    ASSERT_TRUE(file);
    (void)file->ForEachLine([&](std::string_view line, const LineFile::Place&) -> Status {
      exchanges.append(line).append("\n");
      return {};
    });
  }
  for (const std::uint64_t index : rows) EXPECT_NE(exchanges.find(Exchange(index)), std::string::npos) << index;
  fs::path sealed = run.File("transcripts.jsonl.zst");
  if (!run.sealed()) {
    LedgerReader ledgers(run.shards());
    ASSERT_TRUE(ledgers.Refresh());
    EXPECT_GE(ledgers.Total().usage.calls, static_cast<std::int64_t>(rows.size()));
    sealed = run.File("probe.zst");
    ASSERT_TRUE(SealTranscripts(RealDisk(), run.shards(), sealed));
  }
  if (rows.empty()) return;
  const auto transcripts = TranscriptFile::Open(sealed);
  ASSERT_TRUE(transcripts) << "no whole file of transcripts";
  for (const std::uint64_t index : rows) EXPECT_TRUE(transcripts->Find(index)->has_value()) << "transcript " << index;
}

void ExpectNothingAcknowledgedIsLost(const fs::path& results, const Outcome& outcome) {
  const fs::path path = results / "exp" / "r";
  const bool there = fs::exists(path);
  EXPECT_TRUE(there || !outcome.manifest_acknowledged);
  if (!there) return;
  const auto run = RunDirectory::Open(RealDisk(), path);
  ASSERT_TRUE(run) << "a run's name without a run.json";
  ASSERT_TRUE(run->ReadManifest()) << run->ReadManifest().error().Text();
  EXPECT_EQ(*ReadFile(run->File("config.yaml")), "exp: exp\n");
  ExpectWhatRowsRestOn(*run, outcome.acknowledged);
  EXPECT_TRUE(!outcome.indexed || ReadIndex(results / "index.csv")->size() == 1);
  if (run->sealed()) {
    std::string expected;
    for (std::uint64_t index = 0; index < kTrials; ++index) expected += Row(index);
    EXPECT_EQ(*ReadFile(run->File("trials.jsonl")), expected);
    return;
  }
  EXPECT_FALSE(outcome.sealed_acknowledged);
  const auto rows = RecordedTrials::Scan(run->shards(), kTrials);
  ASSERT_TRUE(rows) << rows.error().Text();
  for (const std::uint64_t index : outcome.acknowledged) EXPECT_TRUE(rows->Has(index)) << "row " << index;
  const auto each = rows->ForEachRow([&](std::uint64_t index, std::string_view row) {
    EXPECT_EQ(row, Row(index));
    return Status();
  });
  EXPECT_TRUE(each);
}

/// After the restart the run goes on where it was and ends like any other.
void ExpectItCanGoOn(const fs::path& results) {
  const auto run = RunDirectory::Open(RealDisk(), results / "exp" / "r");
  if (!run || run->sealed()) return;
  ASSERT_TRUE(RealDisk().MakeDirectory(run->shards()));
  const auto rows = RecordedTrials::Scan(run->shards(), kTrials);
  const auto log = TrialLog::CreateOwn(RealDisk(), run->shards(), "0");
  ASSERT_TRUE(log);
  for (std::uint64_t index = 0; index < kTrials; ++index) {
    ASSERT_TRUE(rows->Has(index) || (*log)->Append(Row(index)));
  }
  ASSERT_TRUE((*log)->Close());
  const auto sealed = run->Seal(kTrials);
  ASSERT_TRUE(sealed) << sealed.error().Text();
}

TEST(APowerLoss, LosesNoAcknowledgedRowAndTearsNoFinalFile) {
  std::uint64_t changes = 0;
  {
    const TempDir dir;
    PowerLossDisk disk(dir.path(), ~std::uint64_t{0}, 0);
    Outcome outcome;
    ASSERT_TRUE(LiveThrough(disk, dir / "results", outcome));
    changes = disk.changes();
  }
  ASSERT_GT(changes, 40U);
  for (std::uint64_t moment = 0; moment <= changes; ++moment) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const TempDir dir;
      PowerLossDisk disk(dir.path(), moment, seed);
      Outcome outcome;
      (void)LiveThrough(disk, dir / "results", outcome);
      disk.Restart();
      SCOPED_TRACE("power lost after change " + std::to_string(moment) + ", seed " + std::to_string(seed));
      ExpectNothingAcknowledgedIsLost(dir / "results", outcome);
      ExpectItCanGoOn(dir / "results");
      if (HasFailure()) return;
    }
  }
}

TEST(ThePowerLossModel, CatchesAWriterThatForgetsToSync) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const TempDir dir;
    PowerLossDisk disk(dir.path(), 100, seed);
    {
      auto file = disk.Open(dir / "a.tmp", OpenMode::kCreateNew);
      ASSERT_TRUE((*file)->Write("whole"));
      ASSERT_TRUE(disk.Rename(dir / "a.tmp", dir / "a"));
    }
    disk.Restart();
    lost += fs::exists(dir / "a") && *ReadFile(dir / "a") == "whole" ? 0 : 1;
  }
  EXPECT_GT(lost, 10);
}

}  // namespace
}  // namespace xsweep
