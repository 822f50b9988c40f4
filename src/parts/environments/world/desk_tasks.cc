// DeskTasks: a benchmark's tasks as Task.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/desk_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "base/hash.h"
#include "base/json_slices.h"

namespace xsweep {
namespace {

int TableNamed(const World& world, std::string_view name) {
  const auto tables = world.spec().tables;
  const auto found = std::ranges::find(tables, name, &TableSpec::name);
  return found == tables.end() ? -1 : static_cast<int>(found - tables.begin());
}

std::vector<std::string> Strings(const Json* list) {
  std::vector<std::string> out;
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& item : list->items()) {
    if (item.is_string()) out.push_back(item.AsString());
  }
  return out;
}

/// Who owns the record that an action names, e.g. {"reservation_id": "ABC123"}.
std::string OwnerOf(const World& world, std::string_view table_name, std::string_view id) {
  const int table = TableNamed(world, table_name);
  const int record = table < 0 ? -1 : world.IndexOf(table, id);
  return record < 0 ? std::string() : std::string(world.record(table, record).StringOr("user_id", ""));
}

std::string CustomerFromActions(const Task& task, const World& world) {
  for (const ToolCall& call : task.reference_actions) {
    if (const auto id = call.arguments.StringOr("user_id", ""); !id.empty()) return std::string(id);
    for (const auto& [key, table] : {std::pair("reservation_id", "reservations"), std::pair("order_id", "orders")}) {
      const auto id = call.arguments.StringOr(key, "");
      if (const std::string owner = id.empty() ? "" : OwnerOf(world, table, id); !owner.empty()) return owner;
    }
  }
  return {};
}

/// A user whose id or full name stands in the scenario. Ids are preferred: names may repeat.
std::string CustomerFromText(const std::string& text, const World& world) {
  const int users = TableNamed(world, "users");
  std::string by_name;
  for (int i = 0; users >= 0 && i < world.size(users); ++i) {
    if (text.find(world.id(users, i)) != std::string::npos) return std::string(world.id(users, i));
    const Json* name = world.record(users, i).Find("name");
    if (!by_name.empty() || name == nullptr) continue;
    const std::string full = fmt::format("{} {}", name->StringOr("first_name", "?"), name->StringOr("last_name", "?"));
    if (text.find(full) != std::string::npos) by_name = world.id(users, i);
  }
  return by_name;
}

/// Python's textwrap.indent by a tab: lines of white space only are left as they are.
std::string Indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    if (line.find_first_not_of(" \t\r\n") != std::string_view::npos) out += '\t';
    out += line;
    text.remove_prefix(end);
  }
  return out;
}

std::string InstructionsText(const Json& instructions) {
  if (instructions.is_string()) return instructions.AsString();
  std::string out = fmt::format("Domain: {}", instructions.StringOr("domain", ""));
  constexpr std::pair<std::string_view, std::string_view> kFields[] = {{"Reason for call", "reason_for_call"},
                                                                       {"Known info", "known_info"},
                                                                       {"Unknown info", "unknown_info"},
                                                                       {"Task instructions", "task_instructions"}};
  for (const auto& [label, key] : kFields) {
    const Json* text = instructions.Find(key);
    if (text != nullptr && text->is_string()) out += fmt::format("\n{}:\n{}", label, Indented(text->AsString()));
  }
  return out;
}

/// What tau2 writes of a scenario into its simulated user's prompt, to the byte.
std::string ScenarioText(const Json& scenario) {
  std::string out;
  if (const Json* persona = scenario.Find("persona"); persona != nullptr && persona->is_string())
    out += fmt::format("Persona:\n{}\n", Indented(persona->AsString()));
  const Json* instructions = scenario.Find("instructions");
  return out + "Instructions:\n" + (instructions == nullptr ? "" : Indented(InstructionsText(*instructions)));
}

/// What a user without a model says first.
std::string SpokenRequest(const Json& scenario) {
  const Json* instructions = scenario.Find("instructions");
  if (instructions == nullptr) return {};
  if (instructions->is_string()) return instructions->AsString();
  std::string said(instructions->StringOr("reason_for_call", ""));
  if (const auto known = instructions->StringOr("known_info", ""); !known.empty())
    said.append(said.empty() ? "" : "\n").append(known);
  return said;
}

std::vector<ToolCall> Actions(const Json* list, std::string_view arguments_key) {
  std::vector<ToolCall> calls;
  if (list == nullptr || !list->is_array()) return calls;
  for (const Json& action : list->items()) {
    const Json* arguments = action.Find(arguments_key);
    calls.push_back({fmt::format("ref_{}", calls.size()), std::string(action.StringOr("name", "")),
                     arguments == nullptr ? Json::MakeObject() : *arguments});
  }
  return calls;
}

std::vector<std::optional<std::vector<std::string>>> ComparedArguments(const Json* actions) {
  std::vector<std::optional<std::vector<std::string>>> compared;
  if (actions == nullptr || !actions->is_array()) return compared;
  for (const Json& action : actions->items()) {
    const Json* names = action.Find("compare_args");
    const bool given = names != nullptr && names->is_array();
    compared.push_back(given ? std::optional(Strings(names)) : std::nullopt);
  }
  return compared;
}

DeskTask FromTau2(const Json& json) {
  DeskTask out;
  const Json* id = json.Find("id");
  out.task.id = id == nullptr ? "" : id->is_string() ? id->AsString() : id->Dump();
  if (const Json* scenario = json.Find("user_scenario")) {
    out.task.instruction = SpokenRequest(*scenario);
    out.scenario = ScenarioText(*scenario);
  }
  const Json empty;
  const Json* found = json.Find("evaluation_criteria");
  const Json& criteria = found == nullptr ? empty : *found;
  out.task.reference_actions = Actions(criteria.Find("actions"), "arguments");
  out.task.compared_arguments = ComparedArguments(criteria.Find("actions"));
  out.task.communicate = Strings(criteria.Find("communicate_info"));
  out.task.nl_assertions = Strings(criteria.Find("nl_assertions"));
  out.task.reward_basis = Strings(criteria.Find("reward_basis"));
  if (out.task.reward_basis.empty()) out.task.reward_basis = {"DB", "COMMUNICATE"};
  return out;
}

DeskTask FromTau1(const Json& json, std::size_t place) {
  DeskTask out;
  out.task.id = std::to_string(json.IntOr("task_index", static_cast<std::int64_t>(place)));
  out.task.user_id = json.StringOr("user_id", "");
  out.task.instruction = json.StringOr("instruction", "");
  out.scenario = out.task.instruction;
  out.task.reference_actions = Actions(json.Find("actions"), "kwargs");
  out.task.communicate = Strings(json.Find("outputs"));
  out.task.reward_basis = {"DB"};
  if (!out.task.communicate.empty()) out.task.reward_basis.emplace_back("COMMUNICATE");
  return out;
}

/// Sorted keys and 25 for 25.0: two files that say the same are the same.
Json Plain(const Json& value) {
  if (value.is_double() && std::fabs(value.AsDouble()) < 1e15 && std::nearbyint(value.AsDouble()) == value.AsDouble())
    return Json(static_cast<std::int64_t>(value.AsDouble()));
  Json out = value;
  if (value.is_array()) {
    for (Json& item : out.MutableItems()) item = Plain(item);
  }
  if (value.is_object()) {
    for (auto& [key, member] : out.MutableMembers()) member = Plain(member);
    std::ranges::sort(out.MutableMembers(), {}, &Json::Member::first);
  }
  return out;
}

Json ListOf(const std::vector<std::string>& texts) { return Json::MakeArray({texts.begin(), texts.end()}); }

/// Over what the user is told and what the grader looks at, however it was written down.
std::string ContentHash(const DeskTask& desk_task) {
  const Task& task = desk_task.task;
  Json actions = Json::MakeArray();
  for (std::size_t i = 0; i < task.reference_actions.size(); ++i) {
    const ToolCall& call = task.reference_actions[i];
    Json action = Json::MakeArray({Json(call.name), Plain(call.arguments)});
    if (i < task.compared_arguments.size() && task.compared_arguments[i])
      action.Append(ListOf(*task.compared_arguments[i]));
    actions.Append(std::move(action));
  }
  std::vector<std::string> basis = task.reward_basis;
  std::ranges::sort(basis);
  return ShortHash(Json::MakeArray({Json(task.id), Json(desk_task.scenario), std::move(actions),
                                    ListOf(task.communicate), ListOf(task.nl_assertions), ListOf(basis)})
                       .Dump());
}

Status AddTask(DeskTask task, const World& world, const std::string& where, std::vector<DeskTask>& tasks) {
  if (task.task.id.empty()) return UserError(fmt::format("task {} has no id", tasks.size() + 1), where);
  task.task.data_hash = ContentHash(task);
  if (task.task.user_id.empty()) task.task.user_id = CustomerFromActions(task.task, world);
  if (task.task.user_id.empty()) task.task.user_id = CustomerFromText(task.scenario, world);
  tasks.push_back(std::move(task));
  return {};
}

/// One entry of v1's results: its `info.task` under the entry's id, unless that id has come before.
Status AddEntryTask(const Json& entry, const World& world, const std::string& where, std::vector<DeskTask>& tasks) {
  const Json* info = entry.Find("info");
  const Json* found = info == nullptr ? nullptr : info->Find("task");
  if (found == nullptr || !found->is_object()) return {};
  DeskTask task = FromTau1(*found, static_cast<std::size_t>(std::max<std::int64_t>(0, entry.IntOr("task_id", 0))));
  if (const auto id = entry.StringOr("task_id", ""); !id.empty()) task.task.id = id;
  const auto same = [&](const DeskTask& other) { return other.task.id == task.task.id; };
  return std::ranges::any_of(tasks, same) ? Status() : AddTask(std::move(task), world, where, tasks);
}

}  // namespace

Expected<std::vector<DeskTask>> ReadOwnTasks(const std::string& file, const World& world) {
  auto mapped = MappedFile::Open(file);
  if (!mapped) return UserError(mapped.error().message, file);
  std::string_view text = mapped->bytes();
  if (FirstOf(text) == '{') {
    std::string_view inner;
    TRY(ForEachMember(text, file, [&](std::string_view key, std::string_view value, std::size_t) -> Status {
      if (key == "tasks") inner = value;
      return {};
    }));
    text = inner;
  }
  std::vector<DeskTask> tasks;
  if (!text.empty()) {
    TRY(ForEachElement(text, file, [&](std::string_view value, std::size_t) -> Status {
      TRY_ASSIGN(const Json json, ParseLogJson(value, file));
      return json.Find("traj") != nullptr ? AddEntryTask(json, world, file, tasks)
                                          : AddTask(FromTau2(json), world, file, tasks);
    }));
  }
  if (tasks.empty()) return UserError("carries no tasks of its own", file);
  return tasks;
}

void ReplaceTasks(std::vector<DeskTask> own, std::vector<DeskTask>& tasks) {
  for (DeskTask& task : own) {
    const auto place =
        std::ranges::find_if(tasks, [&](const DeskTask& other) { return other.task.id == task.task.id; });
    if (place == tasks.end()) {
      tasks.push_back(std::move(task));
    } else {
      *place = std::move(task);
    }
  }
}

Expected<std::vector<DeskTask>> ReadTasks(std::string_view text, Benchmark benchmark, const World& world,
                                          const std::string& where) {
  TRY_ASSIGN(const Json list, Json::Parse(text, where));
  if (!list.is_array() || list.size() == 0) return UserError("holds no list of tasks", where);
  std::vector<DeskTask> tasks;
  for (const Json& json : list.items()) {
    DeskTask task = benchmark == Benchmark::kTau1 ? FromTau1(json, tasks.size()) : FromTau2(json);
    TRY(AddTask(std::move(task), world, where, tasks));
  }
  return tasks;
}

Expected<std::vector<std::string>> ReadSplit(std::string_view splits, std::string_view split,
                                             const std::string& where) {
  if (splits.empty()) return UserError(fmt::format("there are no splits in this data, so no `{}`", split), where);
  TRY_ASSIGN(const Json json, Json::Parse(splits, where));
  if (const Json* found = json.Find(split)) return Strings(found);
  std::string names;
  if (json.is_object()) {
    for (const auto& [name, ids] : json.members()) names.append(names.empty() ? "" : ", ").append(name);
  }
  return UserError(fmt::format("unknown split `{}`; there are {}", split, names), where);
}

}  // namespace xsweep
