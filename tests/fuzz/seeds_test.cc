// The fuzz targets in every build: they compile, and the seeds in the repository pass through them.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"

// CMakeLists.txt names the entry of each target after its file.
#define XSWEEP_FUZZ_TARGETS(X) \
  X(agentdojo_log_fuzz)        \
  X(config_fuzz)               \
  X(desk_tools_fuzz)           \
  X(facts_table_fuzz)          \
  X(garbled_log_fuzz)          \
  X(inspect_log_fuzz)          \
  X(provider_reply_fuzz)       \
  X(replay_record_fuzz)        \
  X(run_json_fuzz)             \
  X(tau_results_fuzz)          \
  X(transcript_fuzz)           \
  X(trial_row_fuzz)            \
  X(trials_jsonl_fuzz)

#define XSWEEP_DECLARE(name) extern "C" int name(const std::uint8_t*, std::size_t);
XSWEEP_FUZZ_TARGETS(XSWEEP_DECLARE)
#undef XSWEEP_DECLARE

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using Target = int (*)(const std::uint8_t*, std::size_t);

const std::map<std::string, Target>& Targets() {
#define XSWEEP_ENTRY(name) {#name, &name},
  static const std::map<std::string, Target> targets = {XSWEEP_FUZZ_TARGETS(XSWEEP_ENTRY)};
#undef XSWEEP_ENTRY
  return targets;
}

std::vector<std::string> NamesIn(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

TEST(FuzzSeeds, EveryTargetIsHereAndHasSeeds) {
  std::vector<std::string> sources = {"seeds"};
  std::vector<std::string> folders;
  for (const auto& [name, target] : Targets()) {
    sources.push_back(name + ".cc");
    folders.push_back(name.substr(0, name.size() - std::string("_fuzz").size()));
  }
  const fs::path fuzz = fs::path(XSWEEP_SOURCE_DIR) / "fuzz";
  EXPECT_THAT(NamesIn(fuzz), testing::UnorderedElementsAreArray(sources));
  EXPECT_THAT(NamesIn(fuzz / "seeds"), testing::UnorderedElementsAreArray(folders));
}

TEST(FuzzSeeds, PassThroughTheirTargetsWholeAndCutShort) {
  for (const auto& [name, target] : Targets()) {
    const fs::path folder = fs::path(XSWEEP_SOURCE_DIR) / "fuzz/seeds" / name.substr(0, name.rfind('_'));
    const auto seeds = NamesIn(folder);
    EXPECT_FALSE(seeds.empty()) << folder;
    for (const std::string& seed : seeds) {
      const auto text = ReadFile(folder / seed, std::uint64_t{1} << 20U);
      ASSERT_TRUE(text) << text.error().message;
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(text->data());
      for (const std::size_t size : {text->size(), text->size() / 2, text->size() / 7, std::size_t{0}})
        EXPECT_EQ(target(bytes, size), 0) << name << " on " << seed << " cut to " << size;
    }
  }
}

}  // namespace
}  // namespace xsweep
