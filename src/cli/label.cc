// xsweep label: a person says of some trials whether the attack succeeded, so that a judge can be checked.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/label_run.h"

#include <fmt/format.h>

#include <iostream>

#include "analyze/aggregate.h"
#include "base/text.h"
#include "cli/command.h"

namespace xsweep {
namespace {

enum class Answer { kYes, kNo, kSkip, kStop };

/// Asks until the answer can be read; the end of the input stops.
Answer Ask() {
  for (;;) {
    Print("Did the attacker get what it wanted? [y]es, [n]o, [s]kip, [q]uit: ");
    std::string line;
    if (!std::getline(std::cin, line)) return Answer::kStop;
    const char first = line.empty() ? ' ' : line[0];
    if (first == 'y') return Answer::kYes;
    if (first == 'n') return Answer::kNo;
    if (first == 's') return Answer::kSkip;
    if (first == 'q') return Answer::kStop;
  }
}

}  // namespace

Expected<int> LabelCommand(const Invocation& invocation) {
  std::string name, exp, outdir = "results";
  int sample = 100, seed = 1;
  Arguments arguments("label", "Shows trials drawn within each verdict; your answers check the judge (labels.jsonl).",
                      "xsweep label latest --exp airline_escalating_v1 --sample 100");
  arguments.Positional("run", &name, "a run directory, run id, experiment or `latest`", false)
      .Option("--outdir", &outdir, "the results root (default results)")
      .Option("--exp", &exp, "look among the runs of this experiment")
      .Option("--sample", &sample, "how many trials to show (default 100)", 1, 100000)
      .Option("--seed", &seed, "of the order in which trials are drawn (default 1)", 0, 1000000);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const auto path, FindRun(outdir, exp, name));
  TRY_ASSIGN(const auto run, RunDirectory::Open(RealDisk(), path));
  if (!run.sealed()) return UserError("is not finished; `xsweep run --resume` goes on with it", path.string());
  TRY_ASSIGN(const RunAggregate aggregate, AggregateRun(path.string()));
  TRY(RefuseDamaged(aggregate, "a sample of what is left is no sample of the run"));
  TRY_ASSIGN(const auto tasks, NextToLabel(run, sample, static_cast<std::uint64_t>(seed)));
  std::int64_t labelled = 0;
  for (std::size_t i = 0; i < tasks.size() && !invocation.stop; ++i) {
    const LabelTask& task = tasks[i];
    Print(fmt::format("\n--- {} of {}: task {}, seed {}, trial {}\n{}\n", i + 1, tasks.size(), Printable(task.task),
                      task.seed, task.trial, task.dialogue));
    const Answer answer = Ask();
    if (answer == Answer::kStop) break;
    if (answer == Answer::kSkip) continue;
    TRY(AddLabel(run, task.index, answer == Answer::kYes));
    ++labelled;
  }
  Print(fmt::format("\n{} labelled; `xsweep report {}` shows what they correct\n", labelled, path.string()));
  return kExitDone;
}

}  // namespace xsweep
