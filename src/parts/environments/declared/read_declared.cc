// Reading what a config declares: every fault with the path of the value that is wrong.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "parts/environments/declared/declared.h"
#include "parts/environments/declared/known.h"
#include "parts/shared/splice.h"

namespace xsweep {
namespace {

const std::vector<Json::Member> kNoMembers;

struct GoalRecord {
  std::string name, text, effect, fails;
  Json draw, calls;
};
const Options<GoalRecord> kGoalFields = {
    Opt("name", &GoalRecord::name, "What `attack.goal` calls it.", {.required = true}),
    Opt("text", &GoalRecord::text, "What the attacker wants, in an attacker's words; may hold {NAME} of a draw."),
    Opt("draw", &GoalRecord::draw, "Values that each trial draws: {NAME: [low, high]} or {NAME: [a, b, c]}.",
        {.type = OptionType::kMapping}),
    Opt("calls", &GoalRecord::calls, "The calls that reach it: [{tool, arguments}]; arguments may hold {NAME}.",
        {.type = OptionType::kList}),
    Opt("effect", &GoalRecord::effect, "The declared effect that shows it was reached; without one, all its calls."),
    Opt("fails", &GoalRecord::fails, "`task`: it is reached when the user's task fails.", {.choices = {"", "task"}}),
};

struct TaskRecord {
  std::string id, instruction, user_id;
  Json calls, state;
  std::vector<std::string> say, assertions;
};
const Options<TaskRecord> kTaskFields = {
    Opt("id", &TaskRecord::id, "Its name in rows and in `environment.tasks`.", {.required = true}),
    Opt("instruction", &TaskRecord::instruction, "What the user asks for.", {.required = true}),
    Opt("user_id", &TaskRecord::user_id, "Whom it concerns."),
    Opt("calls", &TaskRecord::calls, "The calls that do it: [{tool, arguments}].", {.type = OptionType::kList}),
    Opt("say", &TaskRecord::say, "What the agent must tell the user, each as a part of one of its messages."),
    Opt("state", &TaskRecord::state, "What must hold at the end: [{pointer, op, value}]; then the calls are one way.",
        {.type = OptionType::kList}),
    Opt("assertions", &TaskRecord::assertions, "What a judge model must find true of the dialogue."),
};

struct EffectRecord {
  std::string name, tool, amount, pointer, change = "changed", op;
  Json where, value;
  int at_least = 1;
  bool permitted = false;
};
const Options<EffectRecord> kEffectFields = {
    Opt("name", &EffectRecord::name, "Its kind, for goals and judges.", {.required = true}),
    Opt("tool", &EffectRecord::tool, "Of calls: the tool, * and ? match."),
    Opt("where", &EffectRecord::where, "Of calls: [{argument, op, value}], as in the judge `calls`.",
        {.type = OptionType::kList}),
    Opt("at_least", &EffectRecord::at_least, "Of calls: the matching call from which on it is one.", {.minimum = 1}),
    Opt("amount", &EffectRecord::amount, "Of calls: the argument that is an amount in USD."),
    Opt("pointer", &EffectRecord::pointer, "Of the state: JSON pointer to what is compared, before against after."),
    Opt("change", &EffectRecord::change, "Of the state: how it must differ.",
        {.choices = {"changed", "added", "removed", "increased", "decreased"}}),
    Opt("op", &EffectRecord::op, "Of the state: how `value` compares with what is there at the end."),
    Opt("value", &EffectRecord::value, "Of the state: what `op` compares with."),
    Opt("permitted", &EffectRecord::permitted, "Whether the policy allows it."),
};

struct VectorRecord {
  std::string name, tool, pointer, position = "append";
};
const Options<VectorRecord> kVectorFields = {
    Opt("name", &VectorRecord::name, "What `attack.vectors` calls it.", {.required = true}),
    Opt("tool", &VectorRecord::tool, "The tool whose result holds text of third parties.", {.required = true}),
    Opt("pointer", &VectorRecord::pointer,
        "JSON pointer to the text in the result, in its text and its structured form alike; empty: the whole text."),
    Opt("position", &VectorRecord::position, "Behind what stands there, or in its place.",
        {.choices = {"append", "replace"}}),
};

// Below 1e15 a double still tells whole numbers apart.
bool HoldsWholeNumber(const Json& range) {
  const double low = std::ceil(range.items()[0].AsDouble());
  const double high = std::floor(range.items()[1].AsDouble());
  return low <= high && low >= -1e15 && high <= 1e15;
}

class Reader {
 public:
  Reader(const EnvironmentSource& environment, std::vector<Error>& faults)
      : environment_(environment), faults_(faults) {
    for (const ToolSchema& tool : environment.tools()) tools_.push_back(tool.name);
  }

  DeclaredWorld Run(const Json& sections) {
    DeclaredWorld world;
    // Effects first: goals name them.
    ForEach(sections, "effects", kEffectFields, [&](const EffectRecord& given) { ReadEffect(given, world); });
    ForEach(sections, "goals", kGoalFields, [&](const GoalRecord& given) { ReadGoal(given, world); });
    ForEach(sections, "tasks", kTaskFields, [&](const TaskRecord& given) { ReadTask(given, world); });
    ForEach(sections, "vectors", kVectorFields, [&](const VectorRecord& given) { ReadVector(given, world); });
    return world;
  }

 private:
  template <class Record, class Read>
  void ForEach(const Json& sections, const std::string& section, const Options<Record>& fields, Read read) {
    const Json* list = sections.Find(section);
    std::set<std::string> names;
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      record_ = &list->items()[i];
      at_ = fmt::format("{}/{}", section, i);
      const std::string key = section == "tasks" ? "id" : "name";
      const std::string name(record_->StringOr(key, ""));
      if (name.empty()) {
        Fault(key, fmt::format("an entry of `{}` needs a `{}`", section, key));
      } else if (!names.insert(name).second) {
        Fault(key, fmt::format("`{}` is declared twice in `{}`", name, section));
      }
      read(fields.Read(*record_));
    }
  }

  void Fault(const std::string& path, std::string message) {
    faults_.push_back({ErrorKind::kUser, std::move(message), at_ + "/" + path});
  }

  void CheckTool(const std::string& path, const std::string& tool) {
    if (std::ranges::find(tools_, tool) != tools_.end()) return;
    Fault(path, fmt::format("the environment has no tool `{}`{}", Printable(tool), DidYouMean(tool, tools_)));
  }

  // What is not known of the tool cannot be wrong.
  void CheckArgument(const std::string& path, std::string_view tool, std::string_view argument) {
    const auto known = std::ranges::find(environment_.tools(), tool, &ToolSchema::name);
    const auto why = known == environment_.tools().end() ? std::nullopt : WhyNoArgument(*known, argument);
    if (why) Fault(path, *why);
  }

  void CheckStateIsSeen(const std::string& path) {
    if (const auto why = WhyStateIsHidden(environment_)) Fault(path, *why);
  }

  void CheckPointer(const std::string& path, const std::string& pointer) {
    if (PointerSteps(pointer)) return;
    Fault(path, fmt::format("`{}` is no JSON pointer; one looks like /reviews/0/text", Printable(pointer)));
  }

  std::vector<ToolCall> ReadCalls(const Json& list) {
    std::vector<ToolCall> calls;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Json& given = list.items()[i];
      const std::string path = fmt::format("calls/{}", i);
      ToolCall call{{}, std::string(given.StringOr("tool", "")), Json::MakeObject()};
      if (call.name.empty()) {
        Fault(path, "a call is {tool: NAME, arguments: {...}}");
        continue;
      }
      CheckTool(path + "/tool", call.name);
      if (const Json* arguments = given.Find("arguments")) call.arguments = *arguments;
      if (!call.arguments.is_object()) Fault(path + "/arguments", "`arguments` must be a mapping");
      for (const auto& [name, value] : call.arguments.is_object() ? call.arguments.members() : kNoMembers)
        CheckArgument(fmt::format("{}/arguments/{}", path, name), call.name, name);
      for (const auto& [key, value] : given.members()) {
        if (key != "tool" && key != "arguments") {
          Fault(fmt::format("{}/{}", path, key),
                fmt::format("unknown key `{}` of a call; it takes tool, arguments", Printable(key)));
        }
      }
      calls.push_back(std::move(call));
    }
    return calls;
  }

  std::optional<CallPredicate> ReadWhere(const std::string& path, const Json& mapping) {
    auto predicate = ReadPredicate(mapping, "");
    if (predicate) return std::move(*predicate);
    Fault(path, predicate.error().message);
    return std::nullopt;
  }

  // {op, value} as a test of `value`.
  std::optional<CallPredicate> ReadTest(const std::string& path, const std::string& op, const Json& value) {
    const Json test = Json::MakeObject({{"argument", "value"}, {"op", op.empty() ? "==" : op}, {"value", value}});
    return ReadWhere(path, Json::MakeObject({{"where", Json::MakeArray({test})}}));
  }

  void ReadEffect(const EffectRecord& given, DeclaredWorld& world) {
    DeclaredEffect effect{.name = given.name,
                          .when = {},
                          .at_least = given.at_least,
                          .amount_from = given.amount,
                          .permitted = given.permitted,
                          .pointer = given.pointer,
                          .change = given.change,
                          .test = {}};
    if (given.tool.empty() == given.pointer.empty()) {
      return Fault("name", fmt::format("effect `{}` needs either `tool` (a call means it) or `pointer` (a difference "
                                       "of the state does)",
                                       given.name));
    }
    if (!given.tool.empty()) {
      const bool known = std::ranges::any_of(tools_, [&](const auto& tool) { return MatchesGlob(tool, given.tool); });
      // A pattern is no name, so this is asked only once nothing matches, for what it says then.
      if (!known) CheckTool("tool", given.tool);
      Json mapping = Json::MakeObject({{"tool", given.tool}});
      if (!given.where.is_null()) mapping.Set("where", given.where);
      effect.when = ReadWhere("where", mapping);
      if (!given.amount.empty()) CheckArgument("amount", given.tool, given.amount);
      for (std::size_t i = 0; effect.when && i < effect.when->where.size(); ++i)
        CheckArgument(fmt::format("where/{}/argument", i), given.tool, effect.when->where[i].argument);
    } else {
      CheckPointer("pointer", given.pointer);
      CheckStateIsSeen("pointer");
      if (!given.op.empty()) effect.test = ReadTest("op", given.op, given.value);
    }
    world.effects.push_back(std::move(effect));
  }

  void ReadGoal(const GoalRecord& given, DeclaredWorld& world) {
    DeclaredGoal goal{given.name, given.text, given.draw, ReadCalls(given.calls), given.effect, given.fails == "task"};
    if (goal.name == "none") Fault("name", "`none` stands for no goal; take another name");
    if (goal.calls.empty() && goal.effect.empty() && !goal.task_fails) {
      Fault("name",
            fmt::format("goal `{}` needs `calls`, an `effect` or `fails: task`: what is it to reach?", goal.name));
    }
    std::vector<std::string> effects;
    effects.reserve(world.effects.size());
    for (const DeclaredEffect& effect : world.effects) effects.push_back(effect.name);
    if (!goal.effect.empty() && std::ranges::find(effects, goal.effect) == effects.end()) {
      Fault("effect", fmt::format("no effect is called `{}`{}", Printable(goal.effect),
                                  DidYouMean(goal.effect, effects, "there are")));
    }
    const auto permitted = [&](const DeclaredEffect& effect) { return effect.name == goal.effect && effect.permitted; };
    if (std::ranges::any_of(world.effects, permitted))
      Fault("effect", fmt::format("effect `{}` is permitted, so this goal would never be reached", goal.effect));
    for (const auto& [name, values] : goal.draw.is_object() ? goal.draw.members() : std::vector<Json::Member>()) {
      if (!values.is_array() || values.size() == 0) {
        Fault("draw/" + name, fmt::format("`{}` must be [low, high] or a list of values", Printable(name)));
      } else if (IsRange(values) && !HoldsWholeNumber(values)) {
        Fault("draw/" + name,
              fmt::format("`{}` is a range [low, high] that holds no whole number below 1e15", Printable(name)));
      }
    }
    CheckPlaceholders(goal);
    world.goals.push_back(std::move(goal));
  }

  void CheckPlaceholders(const DeclaredGoal& goal) {
    std::set<std::string> known = {"amount", "user_id"};
    for (const auto& [name, values] : goal.draw.is_object() ? goal.draw.members() : std::vector<Json::Member>()) {
      known.insert(name);
    }
    const auto check = [&](const std::string& path, const std::string& text) {
      // Only a text that is nothing but a placeholder: within others braces may be meant as they stand.
      if (text.size() < 3 || text.front() != '{' || text.back() != '}') return;
      const std::string name = text.substr(1, text.size() - 2);
      const bool is_name =
          std::ranges::all_of(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
      if (is_name && !known.contains(name)) {
        Fault(path, fmt::format("`{{{}}}` is not drawn; declare it under `draw` ({{amount}} and {{user_id}} are known)",
                                name));
      }
    };
    for (std::size_t i = 0; i < goal.calls.size(); ++i) {
      if (!goal.calls[i].arguments.is_object()) continue;
      for (const auto& [key, value] : goal.calls[i].arguments.members()) {
        if (value.is_string()) check(fmt::format("calls/{}/arguments/{}", i, key), value.AsString());
      }
    }
  }

  void ReadTask(const TaskRecord& given, DeclaredWorld& world) {
    DeclaredTask declared;
    Task& task = declared.task;
    task.id = given.id;
    // Rows carry it, so that a comparison can say which tasks were others in the other run.
    task.data_hash = ShortHash(record_->Dump());
    task.instruction = given.instruction;
    task.user_id = given.user_id;
    task.reference_actions = ReadCalls(given.calls);
    for (std::size_t i = 0; i < task.reference_actions.size(); ++i) {
      task.reference_actions[i].id = fmt::format("ref_{}", i);
    }
    task.communicate = given.say;
    task.nl_assertions = given.assertions;
    for (std::size_t i = 0; i < given.state.size(); ++i) {
      const std::string path = fmt::format("state/{}", i);
      const Json& test = given.state.items()[i];
      // Not "": that is a pointer too, to the whole state.
      const std::string pointer(test.StringOr("pointer", "?"));
      if (pointer == "?") {
        Fault(path, "a condition on the state is {pointer, op, value}");
        continue;
      }
      CheckPointer(path + "/pointer", pointer);
      CheckStateIsSeen(path + "/pointer");
      const Json* value = test.Find("value");
      auto read = ReadTest(path, std::string(test.StringOr("op", "")), value == nullptr ? Json() : *value);
      if (read) declared.state.push_back({pointer, std::move(*read)});
    }
    if (task.reference_actions.empty() && task.communicate.empty() && declared.state.empty() &&
        task.nl_assertions.empty()) {
      Fault("id", fmt::format("task `{}` needs `calls`, `say`, `state` or `assertions`: when is it done?", task.id));
    }
    // ACTION is left out where the end state or a judge decides: the reference's calls are one way among others then.
    // DeclaredEnvironment tests the state itself; without a basis the inner one takes ACTION and COMMUNICATE.
    if (!declared.state.empty()) task.reward_basis = {"COMMUNICATE"};
    if (!task.nl_assertions.empty()) {
      if (task.reward_basis.empty()) task.reward_basis = {"COMMUNICATE"};
      task.reward_basis.emplace_back("NL_ASSERTION");
    }
    world.tasks.push_back(std::move(declared));
  }

  void ReadVector(const VectorRecord& given, DeclaredWorld& world) {
    if (!given.tool.empty()) CheckTool("tool", given.tool);
    CheckPointer("pointer", given.pointer);
    if (given.name == "*") Fault("name", "`*` stands for every vector; take another name");
    world.vectors.push_back({given.name, given.tool, given.pointer, given.position == "replace", false});
  }

  const EnvironmentSource& environment_;
  std::vector<Error>& faults_;
  std::vector<std::string> tools_;
  const Json* record_ = nullptr;
  std::string at_;
};

}  // namespace

const std::vector<PartSpec>& DeclaredSpecs() {
  static const std::vector<PartSpec> specs = {
      {"goals", "What an attacker may want here, beside the environment's own goals.", kGoalFields.Specs()},
      {"tasks", "What users want here, in place of the environment's own tasks.", kTaskFields.Specs()},
      {"effects", "What an executed call, or a difference of the state, means.", kEffectFields.Specs()},
      {"vectors", "Where text of third parties enters.", kVectorFields.Specs()}};
  return specs;
}

DeclaredWorld ReadDeclared(const Json& sections, const EnvironmentSource& environment, std::vector<Error>& faults) {
  return Reader(environment, faults).Run(sections);
}

}  // namespace xsweep
