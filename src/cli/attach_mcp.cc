// xsweep attach-mcp: one trial of a config for an agent that a person runs by hand, shown as it happens.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <thread>

#include "base/text.h"
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "engine/run_trial.h"
#include "net/client/http.h"
#include "net/http_server.h"
#include "parts/agents/external/attached.h"
#include "sweep/open/experiment.h"

namespace xsweep {
namespace {

/// The first trial of that task in the first attacked cell, or in the first cell.
Expected<TrialIdentity> FindTrial(const Experiment& experiment, const std::string& task) {
  const Plan& plan = experiment.plan;
  std::optional<TrialIdentity> plain;
  for (std::uint64_t index = 0; index < plan.size(); ++index) {
    const TrialIdentity trial = plan.At(index);
    if (!task.empty() && plan.tasks()[trial.task] != task) continue;
    if (plan.cells()[trial.cell].attack.name != "none") return trial;
    if (!plain) plain = trial;
  }
  if (plain) return *plain;
  return UserError("there is no task `" + task + "`" + DidYouMean(task, plan.tasks(), ""), "--task");
}

/// Lines of stdin end the agent's turn. The thread waits in `getline` and dies with the process.
void ReadTheEnd(IoLoop& loop, const std::shared_ptr<AttachedTalk>& talk) {
  std::thread([&loop, talk] {
    std::string line;
    if (!std::getline(std::cin, line)) line.clear();
    loop.Post([talk, line] { talk->End(line); });
  }).detach();
}

std::shared_ptr<AttachedTalk> MakeTalk(IoLoop& loop) {
  const auto talk = std::make_shared<AttachedTalk>();
  const std::weak_ptr<AttachedTalk> weak = talk;
  talk->show = [](const std::string& line) { PrintNote(line); };
  talk->begin = [&loop, weak](const std::string& url, const std::string& prompt) {
    PrintNote("Give your agent this MCP server (streamable HTTP):\n");
    Print(url + "\n");
    std::fflush(stdout);
    PrintNote("\nand this prompt:\n\n" + prompt +
              "\n\nWhat it calls is shown here. When it has answered, paste its answer and press Enter.\n");
    if (const auto held = weak.lock()) ReadTheEnd(loop, held);
  };
  return talk;
}

Async<Expected<TrialRecord>> RunUntil(IoLoop& loop, const TrialRunner& runner, TrialIdentity trial, Surroundings around,
                                      const std::atomic<bool>& stop) {
  loop.Spawn(UntilStopped(loop, stop), [&loop](Status) { loop.RequestStop(); });
  auto running = runner.Run(trial, around);
  auto record = co_await running;
  loop.RequestStop();  // the watch above ends with it
  co_return record;
}

/// Puts whoever sits at the terminal in the agent's place and runs the trial.
Expected<TrialRecord> RunByHand(Experiment& experiment, TrialIdentity trial, const ServerOptions& listen,
                                const std::atomic<bool>& stop) {
  // Lives as long as the process: the reading thread may post at any time.
  static SystemClock clock;
  static std::unique_ptr<IoLoop> loop;
  TRY_ASSIGN(loop, IoLoop::Create(clock));
  Http http(*loop);
  TRY_ASSIGN(const auto server, HttpServer::Listen(*loop, listen));
  const auto talk = MakeTalk(*loop);
  for (auto& entry : experiment.catalog.agents)
    entry.prepare = [talk](const Json&) { return Expected<PartFactory<Agent>>(AttachedAgents(talk)); };
  const auto no_models = [](const Cell&) { return Expected<ModelSet>(ModelSet()); };
  TRY_ASSIGN(const TrialRunner runner, TrialRunner::Prepare(experiment.config, experiment.plan, experiment.catalog,
                                                            experiment.environment, no_models));
  const Surroundings around{.loop = loop.get(), .http = &http, .server = server.get()};
  auto record = loop->Run(RunUntil(*loop, runner, trial, around, stop));
  loop->RunSpawned();
  return record;
}

}  // namespace

Expected<int> AttachMcpCommand(const Invocation& invocation) {
  std::string path, task;
  ServerOptions listen;
  OverrideFlags overrides;
  Arguments arguments("attach-mcp",
                      "Serves one trial of a config to an agent that you run by hand: whatever agent the config names, "
                      "yours takes its place, attacked and judged as the config says.",
                      "xsweep attach-mcp configs/airline_static_v1/run.yaml --task 3");
  arguments.Positional("CONFIG", &path, "the experiment's YAML file")
      .Option("--task", &task, "a task's id (default the first)")
      .Option("--host", &listen.address, "numeric address to listen on (default: 127.0.0.1, this machine alone)")
      .Option("--port", &listen.port, "port to listen on; 0: any free one (default)", 0, 65535);
  DeclareOverrides(arguments, overrides);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const Overrides changes, overrides.ToOverrides());
  TRY_ASSIGN(Experiment experiment, OpenExperiment(path, changes));
  TRY_ASSIGN(const TrialIdentity trial, FindTrial(experiment, task));
  TRY_ASSIGN(const TrialRecord record, RunByHand(experiment, trial, listen, invocation.stop));
  std::string row;
  AppendTrialRow(record.row, row);
  Print(row);
  PrintNote(fmt::format("\n{}{}", NameOf(record.row.outcome),
                        record.row.error_message.empty() ? "" : ": " + record.row.error_message));
  std::fflush(stdout);
  // The reader may still sit in getline.
  std::_Exit(record.row.outcome == Outcome::kError ? kExitInvalid : kExitDone);
}

}  // namespace xsweep
