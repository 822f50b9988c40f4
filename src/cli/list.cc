// xsweep list: runs from the index.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "analyze/numbers.h"
#include "base/json.h"
#include "cli/command.h"
#include "pictures/history.h"
#include "record/index.h"
#include "record/logs/layout.h"
#include "sweep/run_index.h"

namespace xsweep {
namespace {

struct ListFlags {
  std::string outdir = "results";
  std::string exp, mode, status, verdict, commit;
  int last = 0;
  bool json = false;
  bool history = false;
  bool rebuild = false;
};

bool Matches(const IndexEntry& entry, const ListFlags& flags) {
  const auto equal = [&](std::string_view column, const std::string& wanted) {
    return wanted.empty() || entry[column] == wanted;
  };
  return equal("exp", flags.exp) && equal("mode", flags.mode) && equal("status", flags.status) &&
         equal("verdict", flags.verdict) && entry["git_sha"].starts_with(flags.commit);
}

std::string Percent(const std::string& fraction) {
  return fraction.empty() ? "N/A" : xsweep::Percent(std::strtod(fraction.c_str(), nullptr));
}

void PrintTable(const std::vector<IndexEntry>& entries) {
  std::size_t width = 6;
  for (const IndexEntry& entry : entries) width = std::max(width, entry["path"].size());
  Print(fmt::format("{:<{}}  {:>8}  {:>17}  {:>8}  {:>8}  {:>8}  {:>6}  {:<11}  {}\n", "run", width, "asr",
                    "95 % interval", "n", "control", "tasks", "errors", "status", "verdict"));
  for (const IndexEntry& entry : entries) {
    const std::string interval = entry["asr_lower95"].empty() ? ""
                                                              : fmt::format("{} - {}", Percent(entry["asr_lower95"]),
                                                                            Percent(entry["asr_upper95"]));
    Print(fmt::format("{:<{}}  {:>8}  {:>17}  {:>8}  {:>8}  {:>8}  {:>6}  {:<11}  {}\n", entry["path"], width,
                      Percent(entry["asr"]), interval, entry["n"], Percent(entry["asr_control"]),
                      Percent(entry["task_success"]), entry["errors"], entry["status"], entry["verdict"]));
  }
  Print(
      "asr: the worst cell with a defense (without any, the worst cell); control: without the defense; tasks: task "
      "success\n");
}

void PrintJson(const std::vector<IndexEntry>& entries) {
  Json list = Json::MakeArray();
  for (const IndexEntry& entry : entries) {
    Json object = Json::MakeObject();
    for (const std::string_view column : kIndexColumns) object.Set(column, entry[column]);
    list.Append(std::move(object));
  }
  Print(list.DumpPretty());
}

/// The entries that `flags` ask for; `any` says whether there were others.
Expected<std::vector<IndexEntry>> WantedRuns(const ListFlags& flags, const std::filesystem::path& index, bool& any) {
  std::size_t damaged = 0;
  TRY_ASSIGN(auto entries, ReadIndex(index, &damaged));
  if (damaged > 0)
    PrintNote(
        fmt::format("note: {} damaged lines of {} are left out; --rebuild-index mends it", damaged, index.string()));
  if (!flags.history) std::ranges::move(UnfinishedRuns(flags.outdir, entries), std::back_inserter(entries));
  any = !entries.empty();
  std::erase_if(entries, [&](const IndexEntry& entry) { return !Matches(entry, flags); });
  const auto wanted = static_cast<std::size_t>(flags.last);
  if (wanted > 0 && entries.size() > wanted) entries.erase(entries.begin(), entries.end() - flags.last);
  return entries;
}

Status ShowHistory(const ListFlags& flags, const std::vector<IndexEntry>& entries) {
  if (flags.exp.empty()) return UserError("needs --exp, so that all runs are of one experiment", "--history");
  TRY_ASSIGN(const std::string warning,
             WriteHistory(RealDisk(), std::filesystem::path(flags.outdir) / flags.exp, flags.exp, entries));
  if (!warning.empty()) PrintNote("note: " + warning);
  Print(HistoryMarkdown(flags.exp, entries));
  return {};
}

}  // namespace

Expected<int> ListCommand(const Invocation& invocation) {
  ListFlags flags;
  Arguments arguments("list", "Lists the runs of the index, oldest first, then those that are not finished.",
                      "xsweep list --exp airline_escalating_v1 --last 5");
  arguments.Option("--outdir", &flags.outdir, "the results root (default results)")
      .Option("--exp", &flags.exp, "only this experiment")
      .Option("--mode", &flags.mode, "only SHIM or REAL")
      .Option("--status", &flags.status, "only this status, e.g. completed")
      .Option("--verdict", &flags.verdict, "only this verdict, e.g. FAIL")
      .Option("--commit", &flags.commit, "only runs of commits that start so")
      .Option("--last", &flags.last, "only the newest N", 1, 1000000)
      .Flag("--rebuild-index", &flags.rebuild, "first make the index again from the run directories")
      .Flag("--history", &flags.history, "with --exp: success over runs, as a table and as history.png in the results")
      .Flag("--json", &flags.json, "print JSON");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  const std::filesystem::path index = std::filesystem::path(flags.outdir) / layout::kIndex;
  if (flags.rebuild) TRY(RebuildIndex(flags.outdir));
  bool any = false;
  TRY_ASSIGN(const auto entries, WantedRuns(flags, index, any));
  if (flags.history) {
    TRY(ShowHistory(flags, entries));
  } else if (flags.json) {
    PrintJson(entries);
  } else if (entries.empty()) {
    Print(fmt::format("no {}runs in {}\n", any ? "such " : "", index.string()));
  } else {
    PrintTable(entries);
  }
  return kExitDone;
}

}  // namespace xsweep
