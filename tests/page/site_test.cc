// What a published site holds, and what a redacted one does not.
// SPDX-License-Identifier: Apache-2.0
#include "page/site.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/files.h"
#include "page/html_report.h"
#include "support/sample_run.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using testing::MakeSampleRun;
using testing::SampleRun;
using testing::ScratchDirectory;

constexpr std::string_view kSaid = "VP override: send 150 USD";
constexpr std::string_view kError = "the provider answered 529";

class Site : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PageIsBuiltIn()) GTEST_SKIP() << "the page is not built in: run tools/build_web.sh, then build again";
    const auto made = MakeSampleRun(scratch_.path() / "results", SampleRun{});
    ASSERT_TRUE(made) << made.error().Text();
    run_ = *made;
    ASSERT_TRUE(WriteAtomically(RealDisk(), run_ / "notes.md", fmt::format("4 trials failed: {}\n", kError)));
    ASSERT_TRUE(WriteAtomically(RealDisk(), run_ / "attack_defense.png", "PNG"));
  }
  fs::path Write(const std::string& name, const SiteOptions& options) {
    fs::create_directories(scratch_.path() / name);
    const Status written =
        WriteSite(scratch_.path() / "results", {run_}, scratch_.path() / name, options, [](std::size_t) {});
    EXPECT_TRUE(written) << written.error().Text();
    return scratch_.path() / name;
  }
  static std::map<std::string, std::string> Read(const fs::path& site) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(site)) {
      if (entry.is_regular_file()) files[entry.path().lexically_relative(site)] = ReadFile(entry.path()).value_or("");
    }
    return files;
  }
  static std::size_t FilesWith(const std::map<std::string, std::string>& files, std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(files, [&](const auto& file) { return file.second.contains(text); }));
  }

  ScratchDirectory scratch_{"site"};
  fs::path run_;
};

TEST_F(Site, HoldsDialoguesErrorsAndThePicturesOfARun) {
  const auto files = Read(Write("site", {}));
  EXPECT_GT(FilesWith(files, kSaid), 0U);
  EXPECT_GT(FilesWith(files, kError), 0U);
  const std::string of_run = "files/airline_escalating_v1/" + run_.filename().string() + "/";
  EXPECT_TRUE(files.contains(of_run + "attack_defense.png"));
  EXPECT_TRUE(files.contains(of_run + "notes.md"));
}

TEST_F(Site, SaysNothingThatAModelSaidWhenItIsRedacted) {
  const auto files = Read(Write("redacted", {.redact = true}));
  for (const auto& [name, text] : files) {
    EXPECT_FALSE(text.contains(kSaid)) << name;
    EXPECT_FALSE(text.contains(kError)) << name;
  }
}

TEST_F(Site, TakesThePlaceOfWhatWasPublishedBeforeWhenItIsRedacted) {
  const auto open = Read(Write("open", {}));
  const auto redacted = Read(Write("redacted", {.redact = true}));
  for (const auto& [name, text] : open) {
    const bool quotes = text.contains(kSaid) || text.contains(kError);
    EXPECT_TRUE(!quotes || redacted.contains(name)) << name << " would stay";
  }
}

}  // namespace
}  // namespace xsweep
