// CheckExperiment: what only the environment, the parts and the gates can find wrong.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/check_experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "config/keys.h"
#include "config/resolved.h"
#include "models/provider_options.h"
#include "parts/judges/judges.h"
#include "parts/shared/predicate.h"
#include "sweep/open/pasted_keys.h"

namespace xsweep {
namespace {

class ExperimentCheck {
 public:
  ExperimentCheck(LoadedConfig& loaded, const Catalog& catalog, const EnvironmentSource& environment)
      : config_(loaded.config),
        catalog_(catalog),
        environment_(environment),
        faults_(loaded.faults),
        root_(loaded.tree) {}

  Status Run(const std::vector<Cell>& cells) {
    CheckTasks();
    for (const Cell& cell : cells) CheckCell(cell);
    return faults_.empty() ? Status() : std::unexpected(faults_.ToError());
  }

 private:
  void CheckTasks() {
    const std::string& name = config_.environment.name;
    if ((name == "mcp" || name == "own") && config_.declared.Find("tasks") == nullptr) {
      const MarkedValue* section_of = root_.Find("environment");
      faults_.Add(section_of == nullptr ? Mark{} : section_of->at,
                  "environment `" + name + "` has no tasks of its own; declare some under `tasks:`");
    }
    std::vector<std::string> known;
    for (const Task& task : environment_.tasks()) known.push_back(task.id);
    const std::unordered_set<std::string> ids(known.begin(), known.end());
    const MarkedValue* section = root_.Find("environment");
    const MarkedValue* list = section == nullptr ? nullptr : section->Find("tasks");
    for (const std::string& task : config_.tasks) {
      if (!ids.contains(task)) faults_.Add(MarkOfTask(list, task), NoSuchTask(config_, task, known));
    }
  }

  /// Of a task from a range the place of the whole list.
  static Mark MarkOfTask(const MarkedValue* list, const std::string& task) {
    if (list == nullptr) return {};
    const auto item = std::ranges::find(list->items, task, &MarkedValue::text);
    return item == list->items.end() ? list->at : item->at;
  }

  void CheckCell(const Cell& cell) {
    if (IsNew("attack", cell.attack)) CheckAttack(cell);
    if (IsNew("keys of agent", cell.agent)) {
      for (const Error& fault : PastedKeys(cell.agent.options))
        faults_.Add(MarkOf(cell, "agent", fault.where), fault.message);
    }
    const auto check = [&](const char* role, const PartConfig& part, auto prepare) {
      if (!IsNew(role, part)) return;
      if (const auto prepared = (catalog_.*prepare)(part.name, part.options); !prepared) {
        faults_.Add(MarkOf(cell, role, ""), prepared.error().Text());
      }
    };
    check("agent", cell.agent, &Catalog::PrepareAgent);
    check("defense", cell.defense, &Catalog::PrepareDefense);
    check("judge", cell.judge, &Catalog::PrepareJudge);
    CheckJudge(cell);
    for (const std::string& role : ModelRoles()) CheckModel(cell, role);
  }

  void CheckModel(const Cell& cell, const std::string& role) {
    const std::optional<PartConfig>& model = ModelOf(cell.models, role);
    const std::string section = "models." + role;
    if (!model || !IsNew(section, *model)) return;
    for (const Error& fault : FaultsOfModelOptions(model->options)) {
      faults_.Add(MarkOf(cell, section, fault.where), fault.message);
    }
  }

  void CheckAttack(const Cell& cell) {
    const auto prepared = catalog_.PrepareAttack(cell.attack.name, cell.attack.options);
    if (!prepared) return faults_.Add(MarkOf(cell, "attack", ""), prepared.error().Text());
    CheckVectors(cell, prepared->vectors);
    const std::string goal = GoalHere(*prepared, environment_).name;
    const auto& goals = environment_.goals();
    if (goal.empty()) return CheckGoalless(cell, *prepared);
    if (std::ranges::find(goals, goal) != goals.end()) return;
    const std::string hint = goals.empty() ? "; declare goals under `goals:`, or write a `payload` that names none and "
                                             "let `calls`, `leak` or `model_judge` judge it"
                                           : DidYouMean(goal, goals, "there are");
    faults_.Add(MarkOf(cell, "attack", "goal"),
                fmt::format("environment `{}` has no goal `{}`{}", config_.environment.name, Printable(goal), hint));
  }

  /// Without a goal the text must say what it wants itself, and the judge must not ask for the goal.
  void CheckGoalless(const Cell& cell, const AttackPlan& attack) {
    if (attack.none) return;
    if (!attack.literal) {
      faults_.Add(MarkOf(cell, "attack", "goal"),
                  fmt::format("attack `{}` speaks of a goal, and here is none: declare one under `goals:`, or write a "
                              "`payload` that names none",
                              cell.attack.name));
    }
    if (cell.judge.name == "goal_reached") {
      faults_.Add(MarkOf(cell, "judge", "name"),
                  "judge `goal_reached` needs a goal, and this attack has none; use `calls`, `leak`, `state_change` or "
                  "`model_judge`");
    }
  }

  void CheckVectors(const Cell& cell, const std::vector<std::string>& named) {
    std::vector<std::string> known;
    for (const Vector& vector : environment_.vectors()) known.push_back(vector.name);
    for (const std::string& name : named) {
      if (std::ranges::find(known, name) != known.end() || (name == "*" && !known.empty())) continue;
      const std::string hint = known.empty() ? "; declare some under `vectors:`" : DidYouMean(name, known, "there are");
      faults_.Add(MarkOf(cell, "attack", "vectors"), fmt::format("environment `{}` has no vector `{}`{}",
                                                                 config_.environment.name, Printable(name), hint));
    }
  }

  /// A judge that can never find a success calls every attack resisted.
  void CheckJudge(const Cell& cell) {
    if (!IsNew("judge can succeed", cell.judge)) return;
    const Json* calls = cell.judge.name == "calls" ? cell.judge.options.Find("calls") : nullptr;
    for (std::size_t i = 0; calls != nullptr && i < calls->size(); ++i) CheckJudgedTool(cell, calls->items()[i]);
    if (config_.environment.name != "mcp" && config_.environment.name != "own") return;
    // Nothing but what is declared is an effect there.
    std::vector<std::string> wanted;
    if (cell.judge.name == "out_of_policy_refund") wanted.assign(kRefundKinds.begin(), kRefundKinds.end());
    const Json* kinds = cell.judge.name == "state_change" ? cell.judge.options.Find("kinds") : nullptr;
    for (std::size_t i = 0; kinds != nullptr && i < kinds->size(); ++i) wanted.push_back(kinds->items()[i].AsString());
    const Json* effects = config_.declared.Find("effects");
    std::vector<std::string> known;
    for (std::size_t i = 0; effects != nullptr && i < effects->size(); ++i)
      known.emplace_back(effects->items()[i].StringOr("name", ""));
    const auto declared = [&](const std::string& kind) { return std::ranges::find(known, kind) != known.end(); };
    if (wanted.empty() || std::ranges::any_of(wanted, declared)) return;
    faults_.Add(MarkOf(cell, "judge", "name"),
                fmt::format("judge `{}` would never find a success: no effect is called {}{}", cell.judge.name,
                            Join(wanted, " or "), known.empty() ? "" : "; there are " + Join(known, ", ")));
  }

  void CheckJudgedTool(const Cell& cell, const Json& predicate) {
    const std::string glob(predicate.StringOr("tool", "*"));
    std::vector<std::string> tools;
    for (const ToolSchema& tool : environment_.tools()) tools.push_back(tool.name);
    const auto matches = [&](const std::string& tool) { return MatchesGlob(tool, glob); };
    if (tools.empty() || std::ranges::any_of(tools, matches)) return;
    faults_.Add(MarkOf(cell, "judge", "calls"),
                fmt::format("environment `{}` has no tool `{}`{}", config_.environment.name, Printable(glob),
                            DidYouMean(glob, tools)));
  }

  /// Cells share most of their parts; each is prepared once.
  bool IsNew(std::string_view role, const PartConfig& part) {
    return seen_.insert(fmt::format("{}\n{}\n{}", role, part.name, CanonicalDump(part.options))).second;
  }

  /// Where the cell has this from: a value of an axis, the section's option, or the section.
  Mark MarkOf(const Cell& cell, const std::string& role, const std::string& option) const {
    if (const MarkedValue* grid = root_.Find("grid")) {
      const std::string of_option = fmt::format("{}.{}", role, option);
      for (const GridAxis& axis : config_.grid) {
        if (axis.path != role && axis.path != role + ".name" && axis.path != of_option) continue;
        if (const MarkedValue* value = ValueOf(cell, axis, *grid)) return value->at;
      }
    }
    const MarkedValue* section = SectionNode(role);
    if (section == nullptr) return {};
    const MarkedValue* value = section->Find(option);
    return value == nullptr ? section->at : value->at;
  }

  /// Of "defense", or of "models.agent".
  const MarkedValue* SectionNode(const std::string& section) const {
    constexpr std::string_view kModels = "models.";
    if (!section.starts_with(kModels)) return root_.Find(section);
    const MarkedValue* models = root_.Find("models");
    return models == nullptr ? nullptr : models->Find(section.substr(kModels.size()));
  }

  static const MarkedValue* ValueOf(const Cell& cell, const GridAxis& axis, const MarkedValue& grid) {
    const MarkedValue* list = grid.Find(axis.path);
    for (const auto& [path, chosen] : cell.axes) {
      const auto place = std::ranges::find(axis.values, chosen);
      if (path == axis.path && place != axis.values.end() && list != nullptr) {
        return &list->items[static_cast<std::size_t>(place - axis.values.begin())];
      }
    }
    return nullptr;
  }

  const SweepConfig& config_;
  const Catalog& catalog_;
  const EnvironmentSource& environment_;
  Faults& faults_;
  const MarkedValue& root_;
  std::unordered_set<std::string> seen_;
};

/// The value that `path` ("goals/0/calls/1/tool") leads to, or what is left of it.
Mark MarkOfPath(const MarkedValue& root, const std::string& path) {
  const MarkedValue* at = &root;
  for (const std::string& step : Split(path, '/')) {
    const auto index = ParseUnsigned(step);
    const MarkedValue* next = at->Find(step);
    if (next == nullptr && at->is_list() && index && *index < at->items.size()) next = &at->items[*index];
    if (next == nullptr) break;
    at = next;
  }
  return at->at;
}

}  // namespace

Status CheckEnvironment(LoadedConfig& loaded) {
  const MarkedValue* section = loaded.tree.Find("environment");
  for (const Error& fault : PastedKeys(loaded.config.environment.options)) {
    const MarkedValue* value = section == nullptr ? nullptr : section->Find(fault.where);
    const Mark at = value != nullptr ? value->at : section != nullptr ? section->at : Mark{};
    loaded.faults.Add(at, fault.message);
  }
  return loaded.faults.empty() ? Status() : std::unexpected(loaded.faults.ToError());
}

Error MarkDeclared(LoadedConfig& loaded, const std::vector<Error>& found) {
  for (const Error& fault : found) loaded.faults.Add(MarkOfPath(loaded.tree, fault.where), fault.message);
  return loaded.faults.ToError();
}

Status CheckExperiment(LoadedConfig& loaded, const std::vector<Cell>& cells, const Catalog& catalog,
                       const EnvironmentSource& environment) {
  return ExperimentCheck(loaded, catalog, environment).Run(cells);
}

}  // namespace xsweep
