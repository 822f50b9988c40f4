// A run's directory: names that never collide, a pointer that is always whole, sealing that may be repeated.
// SPDX-License-Identifier: Apache-2.0
#include "record/run_directory.h"

#include <gtest/gtest.h>

#include "record/logs/trial_log.h"
#include "support/disks.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

/// The real disk, but for what a test takes away from it.
class PoorDisk : public ForwardingDisk {
 public:
  bool symlinks = true;
  Status Symlink(const std::filesystem::path& target, const std::filesystem::path& link) override {
    if (!symlinks) return WorldError("no symlinks here", link.string());
    return ForwardingDisk::Symlink(target, link);
  }
};

Manifest Named(const RunDirectory& run) {
  Manifest manifest;
  manifest.run_id = run.run_id();
  manifest.exp = run.path().parent_path().filename();
  return manifest;
}

Expected<RunDirectory> NewRun(Disk& disk, const TempDir& dir, const std::string& id) {
  TRY_ASSIGN(const auto run, RunDirectory::Create(disk, dir.path(), "exp", id));
  TRY(run.WriteManifest(Named(run)));
  return run;
}

TEST(RunDirectories, NeverShareAName) {
  const TempDir dir;
  EXPECT_EQ(NewRun(RealDisk(), dir, "r")->run_id(), "r");
  EXPECT_EQ(NewRun(RealDisk(), dir, "r")->run_id(), "r.2");
  EXPECT_EQ(NewRun(RealDisk(), dir, "r")->run_id(), "r.3");
  EXPECT_FALSE(RunDirectory::Create(RealDisk(), dir.path(), "exp", "r", true));
  EXPECT_FALSE(RunDirectory::Create(RealDisk(), dir.path(), "../exp", "r"));
}

TEST(LatestPointer, MovesToTheNewRun) {
  const TempDir dir;
  for (const std::string id : {"a", "b"}) {
    ASSERT_TRUE(NewRun(RealDisk(), dir, id)->PointLatest());
    EXPECT_EQ(std::filesystem::read_symlink(dir / "exp/latest"), id);
    EXPECT_EQ(FindRun(dir.path(), "exp", "latest")->filename(), id);
    EXPECT_EQ(FindRun(dir.path(), "", "")->filename(), id);
  }
}

TEST(LatestPointer, IsACopyWhereThereAreNoSymlinksAndBackAgain) {
  const TempDir dir;
  PoorDisk disk;
  disk.symlinks = false;
  for (const std::string id : {"a", "b"}) {
    ASSERT_TRUE(NewRun(disk, dir, id)->PointLatest());
    EXPECT_FALSE(std::filesystem::is_symlink(dir / "exp/latest"));
    EXPECT_EQ(RunDirectory::Open(disk, dir / "exp/latest")->ReadManifest()->run_id, id);
    EXPECT_FALSE(std::filesystem::exists(dir / "exp/.latest.old"));
  }
  disk.symlinks = true;
  ASSERT_TRUE(NewRun(disk, dir, "c")->PointLatest());
  EXPECT_TRUE(std::filesystem::is_symlink(dir / "exp/latest"));
}

TEST(Sealing, NeedsEveryPlannedTrialAndMayBeRepeated) {
  const TempDir dir;
  const auto run = NewRun(RealDisk(), dir, "r");
  ASSERT_TRUE(RealDisk().MakeDirectory(run->shards()));
  Trial trial;
  std::string row;
  AppendTrialRow(trial, row);
  ASSERT_TRUE(WriteAtomically(RealDisk(), run->shards() / "0.jsonl", row));
  const auto early = run->Seal(2);
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().message.find("1 of 2 planned trials"), std::string::npos);
  EXPECT_FALSE(run->sealed());
  ASSERT_TRUE(run->Seal(1));
  ASSERT_TRUE(run->Seal(1));
  EXPECT_EQ(*ReadFile(run->File("trials.jsonl")), row);
  EXPECT_FALSE(std::filesystem::exists(run->shards()));
}

TEST(FindRun, SaysWhatThereIsNot) {
  const TempDir dir;
  ASSERT_TRUE(NewRun(RealDisk(), dir, "r"));
  EXPECT_EQ(FindRun(dir.path(), "", "r")->filename(), "r");
  EXPECT_EQ(FindRun(dir.path(), "", "exp")->filename(), "r");
  EXPECT_FALSE(FindRun(dir.path(), "", "../exp/r/../r2"));
  const std::string there = " under " + dir.path().string() + "; `xsweep list` shows what there is";
  EXPECT_EQ(FindRun(dir.path(), "", "nosuch").error().Text(), "no run `nosuch`" + there);
  EXPECT_EQ(FindRun(dir.path(), "other", "latest").error().Text(), "no run of experiment `other`" + there);
  EXPECT_EQ(FindRun(dir.path(), "", "nosuch").error().kind, ErrorKind::kUser);
}

TEST(Manifests, ReadBackAndRefuseNewerOnes) {
  const TempDir dir;
  const auto run = NewRun(RealDisk(), dir, "r");
  Manifest manifest = Named(*run);
  manifest.seeds = {41, 42};
  manifest.cells = {{"a=1", "h", Arm::kGrid, {{"a", Json(1)}}, "shim", "static", "none", "goal"}};
  manifest.counts["error"] = 3;
  manifest.max_error_rate = 0.1;
  ASSERT_TRUE(run->WriteManifest(manifest));
  EXPECT_EQ(run->ReadManifest()->ToJson(), manifest.ToJson());
  Json newer = manifest.ToJson();
  newer.Set("schema", 99);
  EXPECT_NE(Manifest::FromJson(newer, "x").error().message.find("use a newer xsweep"), std::string::npos);
  Json hostile = manifest.ToJson();
  hostile.Set("run_id", "../../etc");
  EXPECT_FALSE(Manifest::FromJson(hostile, "x"));
}

TEST(Manifests, RefuseCountsThatAreNone) {
  const TempDir dir;
  const Json good = Named(*NewRun(RealDisk(), dir, "r")).ToJson();
  const auto refused = [&](const char* key, Json value) {
    Json bad = good;
    bad.Set(key, std::move(value));
    const auto read = Manifest::FromJson(bad, "run.json");
    return read ? "accepted" : read.error().Text();
  };
  EXPECT_EQ(refused("planned", -1),
            "run.json: has -1 in `planned`, which takes a whole number from 0 to 9223372036854775807");
  EXPECT_EQ(refused("trials", std::int64_t{1} << 32),
            "run.json: has 4294967296 in `trials`, which takes a whole number from 0 to 4294967295");
  EXPECT_EQ(refused("seeds", Json::MakeArray({41, -2})),
            "run.json: has -2 in `seeds`, which takes a whole number from 0 to 9223372036854775807");
  EXPECT_EQ(refused("counts", Json::MakeObject({{"success", 0.5}})),
            "run.json: has 0.5 in `counts`, which takes a whole number from 0 to 9223372036854775807");
}

}  // namespace
}  // namespace xsweep
