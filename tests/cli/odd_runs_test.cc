// The hand-made run directories of tests/runs through report, compare and list. summary.csv and notes.md that stand
// beside the rows are what is expected; XSWEEP_APPROVE=1 in the environment rewrites them.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <regex>

#include "base/files.h"
#include "cli/run_binary.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

struct OddRun {
  const char* name;
  int exit_code;       ///< of report; the gate is asr.upper95 < 0.05
  const char* remark;  ///< what the notes must say
};

void PrintTo(const OddRun& run, std::ostream* out) { *out << run.name; }

constexpr OddRun kOddRuns[] = {
    {"no_exposure", 3, "none of 12 attacked trials saw the payload, so there is no attack success rate (N/A)"},
    {"all_errors", 4, "No trial counts in `static vs none`: errors and skips only."},
    {"one_task", 3, "There is one task only: nothing here speaks about other tasks."},
    {"one_trial", 3, "cannot be told yet in `static vs none`"},
    {"one_cluster", 3, "There is one task only: nothing here speaks about other tasks."},
    {"all_equal", 1, "3 tasks are few"},
    {"unequal_trials", 4, "24 trials were planned and 18 are recorded: the rates are not those of the design."},
    {"missing_cell", 4, "No trial is recorded in `defense refund_limit`."},
    {"extra_cell", 4, "rows are not what the run planned at their index"},
    {"older_schema", 0, "rows lack keys"},
    {"torn_line", 4, "trials.jsonl:12: the last line stops in the middle of a row and was left out (1)"},
    {"duplicated_row", 4,
     "trials.jsonl:13: rows repeat a trial that was there already; the first row of each counts (1)"},
};

fs::path Source(const std::string& name) { return fs::path(XSWEEP_SOURCE_DIR) / "tests/runs" / name; }

class OddRuns : public testing::TestWithParam<OddRun> {
 protected:
  fs::path Copy(const std::string& name) const {
    const fs::path copy = dir_ / "odd" / name;
    fs::create_directories(copy);
    for (const char* file : {"run.json", "config.yaml", "trials.jsonl"})
      fs::copy_file(Source(name) / file, copy / file);
    return copy;
  }
  ProcessResult Command(std::vector<std::string> words) const {
    words.insert(words.end(), {"--outdir", dir_.path().string()});
    return Xsweep(words);
  }
  const TempDir dir_;
};

std::string Read(const fs::path& path) { return ReadFile(path).value_or("(no " + path.filename().string() + ")"); }

/// A number that is none, as a word of its own.
bool HasNoNumber(const std::string& text) {
  static const std::regex words("\\b(-?nan|-?inf|infinity)\\b", std::regex::icase);
  return std::regex_search(text, words);
}

TEST_P(OddRuns, AreReportedWithoutNonsenseOrConfidence) {
  const auto& [name, exit_code, remark] = GetParam();
  const fs::path run = Copy(name);
  const auto report = Command({"report", run.string()});
  EXPECT_EQ(report.exit_code, exit_code) << report.out << report.err;
  EXPECT_THAT(Read(run / "notes.md"), HasSubstr(remark));
  EXPECT_THAT(Read(run / "notes.md"), Not(HasSubstr(dir_.path().string()))) << "a path of this machine";
  for (const char* file :
       {"summary.csv", "notes.md", "report.md", "summary.svg", "distribution.svg", "notebook.ipynb"}) {
    EXPECT_FALSE(fs::exists(run / file) && HasNoNumber(Read(run / file))) << file;
  }
  EXPECT_THAT(Read(run / "summary.png"), testing::StartsWith("\x89PNG"));
  for (const char* file : {"summary.csv", "notes.md"}) {
    if (std::getenv("XSWEEP_APPROVE") != nullptr)
      fs::copy_file(run / file, Source(name) / file, fs::copy_options::overwrite_existing);
    EXPECT_EQ(Read(run / file), Read(Source(name) / file)) << "if meant, look at it and run with XSWEEP_APPROVE=1";
  }
}

TEST_P(OddRuns, CompareWithAWholeRunWithoutNonsense) {
  const fs::path run = Copy(GetParam().name);
  const fs::path whole = std::string_view(GetParam().name) == "one_task" ? Copy("one_cluster") : Copy("one_task");
  const auto compare = Command({"compare", whole.string(), run.string()});
  EXPECT_THAT(compare.exit_code, testing::AnyOf(0, 1, 3, 4)) << compare.err;
  EXPECT_FALSE(HasNoNumber(compare.out)) << compare.out;
  EXPECT_FALSE(HasNoNumber(compare.err)) << compare.err;
  for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
    if (entry.path().extension() == ".md" || entry.path().extension() == ".csv") {
      EXPECT_FALSE(HasNoNumber(Read(entry.path()))) << entry.path();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(TestsRuns, OddRuns, testing::ValuesIn(kOddRuns),
                         [](const auto& run) { return std::string(run.param.name); });

TEST(OddRunDirectories, AreAllTested) {
  for (const auto& entry : fs::directory_iterator(Source(""))) {
    const std::string name = entry.path().filename().string();
    const bool tested =
        name == "newer_schema" || std::ranges::any_of(kOddRuns, [&](const OddRun& run) { return run.name == name; });
    EXPECT_TRUE(tested) << name;
  }
}

TEST(OddRunDirectories, OfANewerSchemaAreRefused) {
  const TempDir dir;
  fs::create_directories(dir / "odd");
  fs::copy(Source("newer_schema"), dir / "odd/newer_schema");
  const auto report = Xsweep({"report", "newer_schema", "--outdir", dir.path().string()});
  EXPECT_EQ(report.exit_code, 2);
  EXPECT_THAT(report.err, HasSubstr("run.json: has schema 99, and this xsweep reads up to 1; use a newer xsweep"));
  EXPECT_FALSE(fs::exists(dir / "odd/newer_schema/summary.csv"));
}

}  // namespace
}  // namespace xsweep
