// xsweep journal: a dated entry about a run, and the page that lists them.
// SPDX-License-Identifier: Apache-2.0
#include "present/journal.h"

#include "cli/command.h"
#include "cli/journal_entry.h"
#include "record/run_directory.h"
#include "sweep/admit_run.h"

namespace xsweep {

Expected<std::filesystem::path> WriteJournal(const std::filesystem::path& journal, const RunDirectory& run,
                                             bool accept_invalid) {
  TRY_ASSIGN(const Manifest manifest, run.ReadManifest());
  TRY_ASSIGN(const RunAggregate aggregate, AggregateRun(run.path().string()));
  TRY(AdmitRun(aggregate, accept_invalid));
  const Story story{manifest, aggregate, {}, {}};
  return WriteJournalEntry(run.disk(), journal, story, run.path());
}

Expected<int> JournalCommand(const Invocation& invocation) {
  std::string name;
  std::string exp;
  std::string outdir = "results";
  std::string journal = "docs/journal";
  bool accept_invalid = false;
  Arguments arguments(
      "journal", "Adds a dated entry about a run to the journal; the last run by default. What people wrote stays.",
      "xsweep journal --exp airline_escalating_v1");
  arguments.Positional("run", &name, "a run directory, run id, experiment or `latest`", false)
      .Option("--outdir", &outdir, "the results root (default results)")
      .Option("--exp", &exp, "look among the runs of this experiment")
      .Option("--journal-dir", &journal, "where entries lie (default docs/journal)")
      .Flag("--accept-invalid", &accept_invalid, "write about a run that is damaged all the same");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const auto path, FindRun(outdir, exp, name));
  TRY_ASSIGN(const auto run, RunDirectory::Open(RealDisk(), path));
  TRY_ASSIGN(const auto entry, WriteJournal(journal, run, accept_invalid));
  Print(entry.string() + "\n");
  return kExitDone;
}

}  // namespace xsweep
