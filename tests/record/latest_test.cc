// What stands under the name `latest`, and what killed processes leave behind.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "record/run_directory.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

RunDirectory Started(const TempDir& dir, const std::string& id) {
  Manifest manifest;
  manifest.exp = "exp";
  auto run = RunDirectory::Start(RealDisk(), dir.path(), id, true, "exp: exp\n", manifest);
  EXPECT_TRUE(run && *run);
  return std::move(**run);
}

TEST(ADirectoryCalledLatest, IsNeverDeleted) {
  const TempDir dir;
  const RunDirectory run = Started(dir, "r");
  fs::create_directory(dir / "exp" / "latest");
  std::ofstream(dir / "exp" / "latest" / "thesis.txt") << "the only copy";
  EXPECT_TRUE(run.LatestIsForeign());
  EXPECT_TRUE(run.PointLatest());
  EXPECT_TRUE(fs::exists(dir / "exp" / "latest" / "thesis.txt"));
  fs::remove_all(dir / "exp" / "latest");
  EXPECT_TRUE(run.PointLatest());
  EXPECT_FALSE(run.LatestIsForeign());
  EXPECT_EQ(fs::read_symlink(dir / "exp" / "latest"), "r");
}

/// The mark of a process that has ended: that of a child of ours.
std::string MarkOfTheDead() {
  std::string mark = OwnerMark();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  int status = 0;
  ::waitpid(child, &status, 0);
  char pid[9];
  std::snprintf(pid, sizeof pid, "%08x", static_cast<unsigned>(child));
  return mark.replace(4, 8, pid);
}

TEST(LeftoversOfKills, AreRemovedAndThoseOfTheLivingAreNot) {
  const TempDir dir;
  const std::string dead = MarkOfTheDead();
  EXPECT_TRUE(OwnerIsGone(dead));
  EXPECT_FALSE(OwnerIsGone(OwnerMark()));
  EXPECT_FALSE(OwnerIsGone("0123"));
  fs::create_directories(dir / "exp" / (".old." + dead + ".new"));
  fs::create_directories(dir / "exp" / (".busy." + OwnerMark() + ".new"));
  const RunDirectory run = Started(dir, "r");
  EXPECT_FALSE(fs::exists(dir / "exp" / (".old." + dead + ".new")));
  std::ofstream(run.File(".notes.md." + dead + ".tmp")) << "half";
  std::ofstream(run.File(".notes.md.mine.tmp")) << "somebody's own";
  RemoveLeftovers(run.path());
  EXPECT_FALSE(fs::exists(run.File(".notes.md." + dead + ".tmp")));
  EXPECT_TRUE(fs::exists(run.File(".notes.md.mine.tmp")));
  std::size_t busy = 0;
  for (const auto& entry : fs::directory_iterator(dir / "exp")) busy += entry.path().extension() == ".new" ? 1 : 0;
  EXPECT_EQ(busy, 1U);
}

}  // namespace
}  // namespace xsweep
