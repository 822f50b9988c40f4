// xsweep report: rebuilds summary, plots and notes of a run from its rows.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/command.h"
#include "cli/journal_entry.h"
#include "sweep/finish.h"
#include "sweep/open/gates_file.h"

namespace xsweep {

Expected<int> ReportCommand(const Invocation& invocation) {
  std::string name;
  std::string outdir = "results";
  std::string exp;
  std::string journal = "docs/journal";
  std::string gates;
  bool write_journal = false;
  bool benjamini_hochberg = false;
  Arguments arguments("report", "Rebuilds summary, plots and notes of a run from its rows; the last run by default.",
                      "xsweep report --exp airline_escalating_v1");
  arguments.Positional("run", &name, "a run directory, run id, experiment or `latest`", false)
      .Option("--outdir", &outdir, "the results root (default results)")
      .Option("--exp", &exp, "look among the runs of this experiment")
      .Option("--gates", &gates, "a file of gates to add to the run's own")
      .Option("--journal-dir", &journal, "where journal entries lie (default docs/journal)")
      .Flag("--bh", &benjamini_hochberg, "adjust p values of the report by Benjamini-Hochberg in place of max-t")
      .Flag("--journal", &write_journal, "also add the run to the journal");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const auto path, FindRun(outdir, exp, name));
  TRY_ASSIGN(const auto run, RunDirectory::Open(RealDisk(), path));
  TRY_ASSIGN(Manifest manifest, run.ReadManifest());
  std::vector<std::string> later;
  if (!gates.empty()) {
    TRY_ASSIGN(later, ReadGatesFile(gates));
    std::erase_if(later, [&](const std::string& gate) { return std::ranges::count(manifest.gates, gate) > 0; });
    AddGates(later, manifest.gates);
  }
  const Adjustment adjustment = benjamini_hochberg ? Adjustment::kBenjaminiHochberg : Adjustment::kMaxT;
  TRY_ASSIGN(const int code, PresentRun(run, manifest, adjustment, later));
  if (write_journal) {
    TRY_ASSIGN(const auto entry, WriteJournal(journal, run));
    Print(entry.string() + "\n");
  }
  return code;
}

}  // namespace xsweep
