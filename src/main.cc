// Finds the command, runs it, prints an error once and chooses the exit code.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "base/system/key_shape.h"
#include "base/text.h"
#include "cli/command.h"

namespace {

using xsweep::Command;

constexpr Command kCommands[] = {
    {"init", "write a first config: for a desk, your agent, an MCP server, a class", xsweep::InitCommand},
    {"run", "run a sweep into a run directory", xsweep::RunCommand},
    {"plan", "show what a config would run and cost", xsweep::PlanCommand},
    {"report", "rebuild summary, plots and notes of a run", xsweep::ReportCommand},
    {"plot", "write a picture of a run, or its LaTeX table, for a paper", xsweep::PlotCommand},
    {"list", "list runs from the index", xsweep::ListCommand},
    {"parts", "list attacks, defenses, judges, agents, environments, and what they take", xsweep::PartsCommand},
    {"schema", "print the JSON Schema of configs", xsweep::SchemaCommand},
    {"probe", "make one tiny call to every model that a config names", xsweep::ProbeCommand},
    {"rejudge", "apply another judge to the transcripts of a run", xsweep::RejudgeCommand},
    {"serve", "show runs in a browser", xsweep::ServeCommand},
    {"publish", "put runs on a web site: a directory, GitHub Pages, S3", xsweep::PublishCommand},
    {"compare", "compare two runs, paired by task", xsweep::CompareCommand},
    {"power", "say what a design can see before running it", xsweep::PowerCommand},
    {"label", "check a judge: say of some trials whether the attack succeeded", xsweep::LabelCommand},
    {"journal", "add a dated entry about a run", xsweep::JournalCommand},
    {"selfcheck", "prove that tasks, goals and controls work", xsweep::SelfcheckCommand},
    {"worker", "run one shard of a run", xsweep::WorkerCommand},
    {"merge", "finish a run whose shards have run", xsweep::MergeCommand},
    {"attach", "watch a run on Slurm to its end", xsweep::AttachCommand},
    {"env", "try environments by hand: list, call, replay, serve", xsweep::EnvCommand},
    {"serve-model", "serve the simulated agent as a model to any harness", xsweep::ServeModelCommand},
    {"attach-mcp", "serve one trial to an agent that you run by hand", xsweep::AttachMcpCommand},
    {"mcp-pipe", "pass MCP messages between stdin and stdout and a URL", xsweep::McpPipeCommand},
    {"import", "bring in a benchmark or results that ran elsewhere", xsweep::ImportCommand},
    {"export", "write a run as Inspect logs, traces, MLflow, SARIF, JUnit, tau results", xsweep::ExportCommand},
    {"parity", "compare a native desk with a worker, byte by byte", xsweep::ParityCommand},
};

std::atomic<bool> stop_requested = false;

// The second signal ends the process at once, for people who do not want to wait.
extern "C" void OnSignal(int signal) {
  if (stop_requested.exchange(true)) std::_Exit(128 + signal);
}

int ExitCodeFor(const xsweep::Error& error) {
  switch (error.kind) {
    case xsweep::ErrorKind::kUser: return xsweep::kExitUsage;
    case xsweep::ErrorKind::kBudget: return xsweep::kExitBudget;
    case xsweep::ErrorKind::kInterrupted: return xsweep::kExitInterrupted;
    default: return xsweep::kExitInvalid;
  }
}

std::string Help() {
  std::string text =
      "xsweep: adversarial experiments on tool-using AI agents\n\nUsage: xsweep COMMAND [FLAGS]\n\nCommands:\n";
  for (const Command& command : kCommands) text += fmt::format("  {:<10} {}\n", command.name, command.summary);
  return text + fmt::format(
                    "\nExample: xsweep run configs/airline_escalating_v1/run.yaml\n"
                    "`xsweep COMMAND --help` shows a command's flags and an example.\nVersion {}\n",
                    XSWEEP_VERSION);
}

/// We throw nothing, but the standard library does where a path is odd: a loop of links, a name too long, no
/// permission.
xsweep::Expected<int> RunCommand(const Command& command, const std::vector<std::string>& argv) {
  try {
    return command.run({{argv.begin() + 2, argv.end()}, argv, stop_requested});
  } catch (const std::filesystem::filesystem_error& failure) {
    return xsweep::WorldError(failure.code().message(), failure.path1().string());
  } catch (const std::exception& failure) {
    return xsweep::InternalError(failure.what());
  }
}

/// A conversation needs a descriptor, and the usual limit of 1024 is meant for programs that call select().
void RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  constexpr rlim_t kEnough = 65536;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, kEnough));
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Hanging up ends a run as SIGTERM does, unless somebody asked for the contrary (nohup).
void HandleHangUp(const struct sigaction& action) {
  struct sigaction before{};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

int Dispatch(const std::vector<std::string>& argv) {
  if (argv.size() < 2 || argv[1] == "--help" || argv[1] == "-h" || argv[1] == "help") {
    xsweep::Print(Help());
    return argv.size() < 2 ? xsweep::kExitUsage : xsweep::kExitDone;
  }
  if (argv[1] == "--version") {
    xsweep::Print(fmt::format("xsweep {}\n", XSWEEP_VERSION));
    return xsweep::kExitDone;
  }
  const auto* command = std::ranges::find(kCommands, argv[1], &Command::name);
  if (command == std::end(kCommands)) {
    std::vector<std::string> names;
    for (const Command& known : kCommands) names.emplace_back(known.name);
    xsweep::PrintNote(fmt::format("xsweep: unknown command `{}`{}; see `xsweep --help`", argv[1],
                                  xsweep::DidYouMean(argv[1], names, "")));
    return xsweep::kExitUsage;
  }
  auto code = RunCommand(*command, argv);
  if (code) return *code;
  xsweep::PrintNote("xsweep: " + code.error().Text());
  return ExitCodeFor(code.error());
}

}  // namespace

int main(int argc, char** argv) {
  struct sigaction action{};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  HandleHangUp(action);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is an error to tell, as a full disk is
  xsweep::KeepOutOfDumps();
  RaiseFileLimit();
  const int code = Dispatch({argv, argv + argc});
  return xsweep::FlushOutput() ? code : xsweep::kExitInvalid;
}
