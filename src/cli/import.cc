// xsweep import: a benchmark's Python exported once, or recorded results turned into a run directory.
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "foreign/benchmark.h"
#include "sweep/import_run.h"

namespace xsweep {
namespace {

constexpr std::string_view kUsage =
    "Brings in what others have made.\n\n"
    "Usage: xsweep import tau-bench PATH --out DIR   tasks and tools of tau-bench v1, with your own Python\n"
    "       xsweep import tau2 PATH --out DIR        data and tools of tau2-bench, with your own Python\n"
    "       xsweep import results FILE --environment NAME --data PATH   episodes that ran elsewhere, as a run\n\n"
    "Example: xsweep import results gpt-4o-airline.json --environment tau1/airline --data ~/tau-bench-export\n";

Expected<int> Results(const Invocation& invocation, const std::vector<std::string>& words) {
  ImportRequest request;
  request.argv = invocation.argv;
  Arguments arguments("import results", "Turns tau-bench v1 result lists and tau2 results.json into a run directory.",
                      "xsweep import results gpt-4o-airline.json --environment tau1/airline --data ~/tau-bench-export");
  arguments.Positional("file", &request.file, "the results, JSON")
      .Option("--environment", &request.environment.name, "the environment that they are about, e.g. tau1/airline")
      .Option("--exp", &request.exp, "name of the experiment (default: imported_ and the file's name)")
      .Option("--outdir", &request.outdir, "the results root (default results)");
  DeclareEnvironment(arguments, request.environment);
  TRY_ASSIGN(const auto help, arguments.Parse(words));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  if (request.environment.name.empty())
    return UserError("needs --environment NAME, e.g. tau1/airline", "import results");
  return ImportResults(request);
}

Expected<int> Benchmark(BenchmarkExport request, const std::vector<std::string>& words) {
  const std::string command = "import " + request.name;
  Arguments arguments(command, "Exports the benchmark's tasks, tools and data once, with your own Python.",
                      "xsweep " + command + " ~/" + request.name + " --out ~/" + request.name + "-export");
  arguments.Positional("path", &request.path, "your checkout of the benchmark")
      .Option("--out", &request.out, "the directory to make; use it as `data` from then on")
      .Option("--python", &request.python, "the Python that can import it (default python3)");
  TRY_ASSIGN(const auto help, arguments.Parse(words));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  if (request.out.empty()) return UserError("needs --out DIR", command);
  TRY_ASSIGN(const std::string told, ExportBenchmark(request));
  Print(told);
  return kExitDone;
}

}  // namespace

Expected<int> ImportCommand(const Invocation& invocation) {
  const std::vector<std::string>& words = invocation.words;
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    Print(kUsage);
    return words.empty() ? kExitUsage : kExitDone;
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "results") return Results(invocation, rest);
  if (words[0] == "tau-bench" || words[0] == "tau2") return Benchmark({.name = words[0]}, rest);
  return UserError(
      "unknown `import " + words[0] + "`" + DidYouMean(words[0], {"tau-bench", "tau2", "results"}, "there are"),
      "import");
}

}  // namespace xsweep
