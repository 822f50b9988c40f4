// xsweep import: a benchmark's Python exported once, or recorded results turned into a run directory.
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "foreign/benchmark.h"
#include "sweep/foreign/import_run.h"
#include "sweep/foreign/join_imports.h"

namespace xsweep {
namespace {

constexpr std::string_view kImportUsage =
    "Brings in what others have made.\n\n"
    "Usage: xsweep import tau-bench PATH --out DIR   tasks and tools of tau-bench v1, with your own Python\n"
    "       xsweep import tau2 PATH --out DIR        data and tools of tau2-bench, with your own Python\n"
    "       xsweep import results PATH [--from agentdojo|tau1|tau2|inspect|facts]   episodes that ran elsewhere, as a "
    "run\n\n"
    "Example: xsweep import results gpt-4o-airline.json --environment tau1/airline --data ~/tau-bench-export\n";

Expected<int> Results(const Invocation& invocation, const std::vector<std::string>& words) {
  ImportRequest request;
  request.argv = invocation.argv;
  Arguments arguments("import results", "Turns results of other harnesses into a run directory.",
                      "xsweep import results gpt-4o-airline.json --environment tau1/airline --data ~/tau-bench-export");
  std::optional<std::string> success_at;
  arguments.Positional("path", &request.file, "the results: a file, or the directory of a tree of logs")
      .Option("--from", &request.from, "agentdojo, tau1, tau2, inspect or facts (default: told by what is there)")
      .Option("--environment", &request.environment.name, "the environment to replay them in, e.g. tau1/airline")
      .Option("--success-at", &success_at, "the reward from which on an episode counts as solved, e.g. 0.9")
      .Option("--arms", &request.arms, "a CSV file (directory,model,defense) that corrects the arms of a tree of logs")
      .Flag("--strict", &request.strict, "refuse what would be imported with a warning")
      .Option("--exp", &request.exp, "name of the experiment (default: imported_ and the file's name)")
      .Option("--outdir", &request.outdir, "the results root (default results)");
  DeclareEnvironment(arguments, request.environment);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  if (success_at) {
    request.success_at = ParseNumber(*success_at);
    if (!request.success_at || *request.success_at <= 0 || *request.success_at > 1)
      return UserError("takes a reward above 0 and up to 1, e.g. 0.9", "--success-at " + *success_at);
  }
  return ImportResults(request);
}

Expected<int> Join(const Invocation& invocation, const std::vector<std::string>& words) {
  JoinRequest request;
  request.argv = invocation.argv;
  Arguments arguments("import join", "Joins imported runs into one; their models stand beside each other.",
                      "xsweep import join imported_a/latest imported_b/latest --exp models");
  arguments.Positionals("runs", &request.runs, "imported runs: directories, ids or EXP/latest")
      .Option("--exp", &request.exp, "name of the experiment (default joined)")
      .Option("--outdir", &request.outdir, "the results root (default results)");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  return JoinImports(request);
}

Expected<int> WriteBenchmark(BenchmarkExport request, const std::vector<std::string>& words) {
  const std::string command = "import " + request.name;
  Arguments arguments(command, "Exports the benchmark's tasks, tools and data once, with your own Python.",
                      "xsweep " + command + " ~/" + request.name + " --out ~/" + request.name + "-export");
  arguments.Positional("path", &request.path, "your checkout of the benchmark")
      .Option("--out", &request.out, "the directory to make; use it as `data` from then on")
      .Option("--python", &request.python, "the Python that can import it (default python3)");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  if (request.out.empty()) return UserError("needs --out DIR", command);
  TRY_ASSIGN(const std::string told, ExportBenchmark(request));
  Print(told);
  return kExitDone;
}

}  // namespace

Expected<int> ImportCommand(const Invocation& invocation) {
  const std::vector<std::string>& words = invocation.words;
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    Print(kImportUsage);
    return words.empty() ? kExitUsage : kExitDone;
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "results") return Results(invocation, rest);
  if (words[0] == "join") return Join(invocation, rest);
  if (words[0] == "tau-bench" || words[0] == "tau2") return WriteBenchmark({.name = words[0]}, rest);
  return UserError(
      "unknown `import " + words[0] + "`" + DidYouMean(words[0], {"tau-bench", "tau2", "results", "join"}, "there are"),
      "import");
}

}  // namespace xsweep
