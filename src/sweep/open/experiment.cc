// Experiment: a config opened for use.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/experiment.h"

#include <sys/utsname.h>

#include <algorithm>
#include <fstream>

#include "analyze/gates/gates.h"
#include "base/files.h"
#include "base/system/process.h"
#include "base/text.h"
#include "config/keys.h"
#include "config/prices.h"
#include "config/resolved.h"
#include "parts/agents/external/external.h"
#include "parts/agents/external/versions.h"
#include "parts/catalog.h"
#include "parts/environments/declared/declared.h"
#include "record/logs/layout.h"
#include "record/run_id.h"
#include "sweep/open/check_experiment.h"
#include "sweep/open/gates_file.h"
#include "sweep/open/live_models.h"

namespace xsweep {
namespace {

/// One `git status` tells commit, branch and whether anything is changed. Outside a repository all are empty.
GitState ReadGitState() {
  GitState git;
  const auto status = RunProcess(
      // A repository from elsewhere may name a program of its own to be asked for changes; we only want to read.
      {.args = {"git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks", "status",
                "--porcelain=v2", "--branch", "--untracked-files=no"},
       .time_limit = std::chrono::seconds(10)});
  if (!status || status->exit_code != 0) return git;
  for (const std::string& line : Split(status->out, '\n')) {
    if (line.starts_with("# branch.oid ") && line.find("(initial)") == std::string::npos) git.sha = line.substr(13);
    if (line.starts_with("# branch.head ")) git.branch = line.substr(14);
    git.dirty = git.dirty || (!line.empty() && line[0] != '#');
  }
  return git;
}

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

/// An agent that is no model of ours stands in the agent's place, with its program's version.
void AddExternal(const PartConfig& agent, std::vector<ModelRecord>& found) {
  const std::string base(agent.options.StringOr("model_base", agent.options.StringOr("url", "")));
  const std::string preset(agent.options.StringOr("preset", ""));
  const auto same = [&](const ModelRecord& record) {
    return record.provider == agent.name && record.base_url == base && record.model.starts_with(preset);
  };
  if (std::ranges::any_of(found, same)) return;  // asking a program for its version takes a while
  found.push_back({"agent", agent.name, DescribeExternalAgent(agent.name, agent.options), base, Json()});
}

/// Every model that some cell gives a role, once, with the price that its calls are counted with.
std::vector<ModelRecord> ModelsOf(const Plan& plan) {
  std::vector<ModelRecord> found;
  const auto add = [&](const std::string& role, const PartConfig& model) {
    const Json* price = model.options.Find("price");
    ModelRecord record{role, model.name, std::string(model.options.StringOr("model", "")),
                       std::string(model.options.StringOr("base_url", "")), price == nullptr ? Json() : *price};
    if (std::ranges::find(found, record) == found.end()) found.push_back(std::move(record));
  };
  for (const Cell& cell : plan.cells()) {
    for (const std::string& role : ModelRoles()) {
      if (const auto& model = ModelOf(cell.models, role)) add(role, *model);
    }
    if (IsExternalAgent(cell.agent.name)) AddExternal(cell.agent, found);
  }
  return found;
}

CellRecord Describe(const Plan& plan, const Cell& cell) {
  CellRecord record{cell.id,         cell.hash,        cell.arm,          cell.axes,
                    cell.agent.name, cell.attack.name, cell.defense.name, cell.judge.name};
  const std::uint32_t holder = plan.dialogues().HolderOf(cell.index);
  if (holder != cell.index) record.dialogues_of = plan.cells()[holder].id;
  return record;
}

std::string WrongWithGate(std::string_view text) {
  const auto gate = ParseGate(text);
  return gate ? std::string() : gate.error().message;
}

}  // namespace

Expected<Overrides> OverrideFlags::ToOverrides() const {
  Overrides overrides{.exp = exp, .mode = mode, .seeds = seeds, .trials = trials, .sets = set};
  if (prices) {
    TRY_ASSIGN(overrides.prices, ReadPricesFile(*prices));
  }
  return overrides;
}

namespace {

Expected<Experiment> OpenLoaded(LoadedConfig loaded, Catalog catalog, const std::vector<std::string>& more_gates) {
  SweepConfig& config = loaded.config;
  std::string note = PlayByShim(config, catalog.Specs());
  TRY(CheckEnvironment(loaded));
  TRY_ASSIGN(auto environment, catalog.OpenEnvironment(config.environment.name, config.environment.options));
  if (config.declared.size() > 0) {
    std::vector<Error> faults;
    DeclaredWorld world = ReadDeclared(config.declared, *environment, faults);
    if (!faults.empty()) return std::unexpected(MarkDeclared(loaded, faults));
    TRY_ASSIGN(environment, Declare(std::move(environment), std::move(world)));
  }
  std::vector<std::string> tasks;
  for (const Task& task : environment->tasks()) tasks.push_back(task.id);
  auto plan = MakePlan(config, tasks);
  const auto check = [&](const std::vector<Cell>& cells) {
    return CheckExperiment(loaded, cells, catalog, *environment);
  };
  TRY(plan ? check(plan->cells()) : check(ExpandCells(config).value_or(std::vector<Cell>())));
  if (!plan) return std::unexpected(plan.error());
  AddGates(more_gates, config.gates);
  return Experiment{std::move(config), std::move(catalog), std::move(environment), std::move(*plan), std::move(note)};
}

}  // namespace

Expected<Experiment> OpenExperimentText(const std::string& text, const std::string& name, const Overrides& overrides,
                                        const std::vector<std::string>& more_gates) {
  Catalog catalog = BuildCatalog();
  auto loaded = LoadConfig(text, name, catalog.Specs(), overrides, WrongWithGate);
  if (loaded) return OpenLoaded(std::move(*loaded), std::move(catalog), more_gates);
  // Where only gates are wrong, what else is wrong is said with them, all in one go.
  auto without_gates = LoadConfig(text, name, catalog.Specs(), overrides, {});
  if (!without_gates) return std::unexpected(std::move(loaded).error());
  const auto opened = OpenLoaded(std::move(*without_gates), std::move(catalog), more_gates);
  if (opened) return std::unexpected(std::move(loaded).error());
  return UserError(opened.error().Text() + "\n" + loaded.error().Text());
}

Expected<Experiment> OpenExperiment(const std::string& config_file, const Overrides& overrides,
                                    const std::string& gates_file) {
  constexpr std::uint64_t kMaxConfig = std::uint64_t{4} << 20U;
  // A config beside a run.json is a run's own, and a run may come from anywhere.
  std::error_code unknown;
  const bool of_a_run =
      std::filesystem::exists(std::filesystem::path(config_file).parent_path() / layout::kManifest, unknown);
  const auto text = of_a_run ? ReadOwnFile(config_file, kMaxConfig) : ReadFile(config_file, kMaxConfig);
  if (!text) return UserError(text.error().message, config_file);
  const auto beside = std::filesystem::path(config_file).parent_path() / "gates.yaml";
  std::error_code absent;
  std::vector<std::string> gates;
  if (!gates_file.empty() || std::filesystem::exists(beside, absent)) {
    TRY_ASSIGN(gates, ReadGatesFile(gates_file.empty() ? beside : std::filesystem::path(gates_file)));
  }
  return OpenExperimentText(*text, config_file, overrides, gates);
}

double DoNothingFloor(const Experiment& experiment) {
  int solved = 0;
  for (const std::string& id : experiment.plan.tasks()) {
    const auto task = std::ranges::find(experiment.environment->tasks(), id, &Task::id);
    if (task == experiment.environment->tasks().end() || !task->solved_by_nothing) return -1;
    solved += *task->solved_by_nothing ? 1 : 0;
  }
  return static_cast<double>(solved) / static_cast<double>(experiment.plan.tasks().size());
}

Manifest DescribeRun(const Experiment& experiment, const std::vector<std::string>& argv) {
  const SweepConfig& config = experiment.config;
  Manifest run;
  run.git = ReadGitState();
  run.exp = config.exp;
  run.config_hash = ConfigHash(config);
  run.exp_id = config.exp + "-" + run.config_hash.substr(0, 8);
  run.description = config.description;
  run.mode = config.mode;
  run.seeds = config.seeds;
  run.trials = config.trials;
  run.planned = experiment.plan.size();
  run.tasks = experiment.plan.tasks();
  for (const Cell& cell : experiment.plan.cells()) run.cells.push_back(Describe(experiment.plan, cell));
  struct utsname system{};
  ::uname(&system);
  run.host_os = std::string(system.sysname) + " " + system.release;
  run.host_cpu = CpuName();
  run.xsweep_version = XSWEEP_VERSION;
  run.argv = argv;
  const EnvironmentInfo& info = experiment.environment->info();
  run.environment_name = info.name;
  run.environment_version = info.version;
  if (info.python) run.host_python = info.version;
  run.environment_data_sha256 = info.data_sha256;
  run.do_nothing_floor = DoNothingFloor(experiment);
  run.gates = config.gates;
  if (config.mode == Mode::kReal) run.models = ModelsOf(experiment.plan);
  run.max_error_rate = config.limits.max_error_rate;
  return run;
}

}  // namespace xsweep
