// Spawn: a program starts where it is told, on every glibc.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace xsweep {
namespace {

namespace fs = std::filesystem;

class Spawn : public testing::TestWithParam<bool> {
 protected:
  Spawn() { fs::create_directories(folder_ / "a \"b\" $c"); }
  ~Spawn() override { fs::remove_all(folder_); }

  /// What the program prints, and how it ends.
  std::pair<std::string, int> Run(SpawnRequest request) {
    const fs::path said = folder_ / "said";
    const Descriptor out(::open(said.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    request.out = request.err = out.get();
    request.environment = {"PATH=/usr/bin:/bin"};
    auto child = Child::Start(GetParam() ? ThroughShell(std::move(request)) : std::move(request));
    EXPECT_TRUE(child.has_value()) << child.error().message;
    const int status = child ? child->Wait() : -1;
    std::ostringstream text;
    text << std::ifstream(said).rdbuf();
    return {text.str(), WIFEXITED(status) ? WEXITSTATUS(status) : -1};
  }
  const fs::path folder_ = fs::path(testing::TempDir()) / ("spawn_" + std::to_string(::getpid()));
};

TEST_P(Spawn, StartsWhereItIsToldWithItsArgumentsAsTheyAre) {
  SpawnRequest request;
  request.args = {"sh", "-c", R"(pwd; printf '%s|' "$@"; exit 7)", "sh", "$HOME", "a b", "", "'; exit 1"};
  request.directory = folder_ / "a \"b\" $c";
  const auto [said, code] = Run(std::move(request));
  EXPECT_EQ(said, (folder_ / "a \"b\" $c").string() + "\n$HOME|a b||'; exit 1|");
  EXPECT_EQ(code, 7);
}

TEST_P(Spawn, StartsNothingElsewhere) {
  SpawnRequest request;
  request.args = {"sh", "-c", "echo started"};
  request.directory = folder_ / "gone";
  if (!GetParam()) {
    EXPECT_FALSE(Child::Start(request).has_value());
    return;
  }
  const auto [said, code] = Run(std::move(request));
  EXPECT_EQ(said.find("started"), std::string::npos);
  EXPECT_NE(code, 0);
}

INSTANTIATE_TEST_SUITE_P(BothWays, Spawn, testing::Bool(),
                         [](const auto& way) { return way.param ? "ThroughAShell" : "Directly"; });

}  // namespace
}  // namespace xsweep
