// xsweep compare: two runs side by side.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/compare.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "present/comparison.h"
#include "record/index.h"
#include "record/logs/layout.h"
#include "record/run_directory.h"
#include "sweep/compare_directories.h"

namespace xsweep {
namespace {

struct CompareFlags {
  std::string a, b, exp, to;
  std::string outdir = "results";
  std::vector<std::string> commits;
  bool benjamini_hochberg = false, accept_invalid = false;
};

/// The newest run of an experiment at a commit, from the index.
Expected<std::filesystem::path> RunAtCommit(const CompareFlags& flags, const std::string& commit) {
  TRY_ASSIGN(const auto entries, ReadIndex(std::filesystem::path(flags.outdir) / layout::kIndex));
  const IndexEntry* newest = nullptr;
  for (const IndexEntry& entry : entries) {
    if (entry["git_sha"].starts_with(commit) && (flags.exp.empty() || entry["exp"] == flags.exp)) newest = &entry;
  }
  if (newest == nullptr) {
    return UserError(
        fmt::format("the index has no run{} at commit {}", flags.exp.empty() ? "" : " of " + flags.exp, commit),
        "--commits");
  }
  return std::filesystem::path(flags.outdir) / (*newest)["path"];
}

Expected<std::filesystem::path> Side(const CompareFlags& flags, const std::string& name, std::size_t side) {
  if (flags.commits.empty()) return FindRun(flags.outdir, flags.exp, name);
  return RunAtCommit(flags, flags.commits[side]);
}

/// `--commits A B` as people write it becomes `--commits A --commits B`.
std::vector<std::string> EachCommitFlagged(std::vector<std::string> words) {
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i] == "--commits" && !words[i + 2].starts_with("--"))
      words.insert(words.begin() + static_cast<std::ptrdiff_t>(i) + 2, "--commits");
  }
  return words;
}

/// What forbids the comparison, and what has to be known to read its figures.
void PrintObstacles(const RunComparison& comparison) {
  for (const Obstacle& obstacle : comparison.obstacles) {
    const bool said = obstacle.kind == ObstacleKind::kRows || obstacle.kind == ObstacleKind::kErrors;
    if (!said) Print("  " + Printable(obstacle.message, 400) + "\n");
  }
}

}  // namespace

Expected<int> CompareCommand(const Invocation& invocation) {
  CompareFlags flags;
  Arguments arguments("compare", "Compares two runs, paired by task: B against A.",
                      "xsweep compare results/exp/RUN_A latest --exp exp");
  arguments.Positional("A", &flags.a, "the run to compare with: directory, run id, experiment or `latest`", false)
      .Positional("B", &flags.b, "the run that is compared", false)
      .Option("--outdir", &flags.outdir, "the results root (default results)")
      .Option("--exp", &flags.exp, "look among the runs of this experiment")
      .Repeated("--commits", &flags.commits, "a commit; given twice, in place of A and B")
      .Option("--to", &flags.to, "directory for compare.csv, .md, .svg and .png (default: B's run directory)")
      .Flag("--accept-invalid", &flags.accept_invalid,
            "compare runs that are damaged or have too many errors all the same")
      .Flag("--bh", &flags.benjamini_hochberg, "adjust p values by Benjamini-Hochberg in place of max-t");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, EachCommitFlagged(invocation.words)));
  if (helped) return kExitDone;
  if (flags.commits.empty() ? flags.a.empty() || flags.b.empty() : flags.commits.size() != 2) {
    return UserError("needs two runs, or --commits SHA_A SHA_B; see `xsweep compare --help`", "compare");
  }
  TRY_ASSIGN(const auto a, Side(flags, flags.a, 0));
  TRY_ASSIGN(const auto b, Side(flags, flags.b, 1));
  std::error_code ignored;
  if (std::filesystem::equivalent(a, b, ignored))
    PrintNote("note: A and B are one and the same run, so nothing can differ");
  CompareOptions options;
  options.accept_invalid = flags.accept_invalid;
  if (flags.benjamini_hochberg) options.adjustment = Adjustment::kBenjaminiHochberg;
  TRY_ASSIGN(const RunComparison comparison, CompareDirectories(a, b, options));
  const std::filesystem::path to = flags.to.empty() ? b : std::filesystem::path(flags.to);
  TRY_ASSIGN(const std::string warning, WriteComparison(RealDisk(), to, comparison));
  if (!warning.empty()) PrintNote("note: " + warning);
  for (const std::string& fault : CompareWarnings(comparison)) Print("warning: " + Printable(fault, 400) + "\n");
  Print(FitOutput(CompareHeadline(comparison)) + "\n");
  PrintObstacles(comparison);
  Print((to / "compare.md").string() + "\n");
  return comparison.comparable() && (comparison.valid() || flags.accept_invalid) ? kExitDone : kExitInvalid;
}

}  // namespace xsweep
