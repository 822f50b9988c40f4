// The page's types are what the program sends: the JSON of a run, type-checked by the compiler that builds the page.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/system/process.h"
#include "page/page_comparison.h"
#include "page/page_data.h"
#include "page/run_list.h"
#include "support/sample_run.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using testing::MakeSampleRun;
using testing::SampleRun;
using testing::ScratchDirectory;

const fs::path kWeb = fs::path(XSWEEP_SOURCE_DIR) / "web";

/// A literal of the type: what is missing, too much, or of another kind does not compile.
std::string Literal(std::string_view name, std::string_view type, std::string_view json) {
  return fmt::format("export const {}: {} = {};\n", name, type, json);
}

class PageTypes : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kWeb / "node_modules/typescript") || !HasProgram("node"))
      GTEST_SKIP() << "NOT CHECKED: TypeScript is not installed; run tools/build_web.sh";
    first_ = Make("20261101T101500Z-abcdef1-SHIM-s41-t2", 0.3);
    second_ = Make("20261102T101500Z-bcdef12-SHIM-s41-t2", 0.8);
  }

  fs::path Make(const std::string& id, double susceptibility) {
    SampleRun sample;
    sample.run_id = id;
    sample.susceptibility = susceptibility;
    const auto made = MakeSampleRun(results_, sample);
    EXPECT_TRUE(made) << made.error().Text();
    return results_ / sample.exp / id;
  }

  /// What the compiler says of `text`; empty when it agrees.
  std::string Compile(const std::string& text) {
    const fs::path file = scratch_.path() / "sent.ts";
    const std::string head = fmt::format("import type {{ Chunk, Comparison, Pack, Run, RunList }} from '{}';\n",
                                         (kWeb / "src/types").string());
    std::ofstream(file) << head << text;
    std::ofstream(scratch_.path() / "tsconfig.json")
        << R"({"compilerOptions": {"noEmit": true, "strict": true, "exactOptionalPropertyTypes": true,
  "target": "ES2022", "module": "ESNext", "moduleResolution": "Bundler", "types": []}, "files": ["sent.ts"]})";
    const auto result = RunProcess(
        {.args = {"node", (kWeb / "node_modules/typescript/bin/tsc").string(), "--project", scratch_.path().string()},
         .time_limit = std::chrono::seconds(120)});
    EXPECT_TRUE(result) << result.error().Text();
    return result && result->exit_code == 0 ? "" : result->out.substr(0, 4000) + result->err;
  }

  ScratchDirectory scratch_{"page_types"};
  fs::path results_ = scratch_.path() / "results";
  fs::path first_, second_;
};

TEST_F(PageTypes, HoldForARunItsRowsAndDialoguesAndAComparison) {
  const auto run = RunForPage(results_, first_);
  const auto list = RunsForPage(results_);
  const auto comparison = ComparisonForPage(first_, second_);
  const auto rows = PageRows::Open(first_);
  ASSERT_TRUE(run && list && comparison && rows);
  const auto chunk = rows->Chunk(0);
  const auto pack = rows->Pack(0);
  ASSERT_TRUE(chunk && pack);
  EXPECT_EQ(Compile(Literal("run", "Run", run->Dump()) + Literal("list", "RunList", list->Dump()) +
                    Literal("comparison", "Comparison", comparison->Dump()) + Literal("chunk", "Chunk", *chunk) +
                    Literal("pack", "Pack", *pack)),
            "");
}

TEST_F(PageTypes, RefuseAMemberThatNobodyDeclared) {
  auto run = RunForPage(results_, first_);
  ASSERT_TRUE(run);
  run->Set("surprise", 1);
  EXPECT_NE(Compile(Literal("run", "Run", run->Dump())).find("surprise"), std::string::npos);
}

}  // namespace
}  // namespace xsweep
