// Replay: executes recorded tool calls on a desk and writes down what happened.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "parts/environments/world/world_hash.h"
#include "python/json_reader.h"
#include "python/text.h"

namespace xsweep {

ToolOutput CallAs(const Desk& desk, State& state, std::string_view requestor, std::string_view name,
                  const Json& arguments) {
  if (desk.world.benchmark == Benchmark::kTau2 && requestor != "assistant") {
    if (requestor == "user") return ToolError("User tools not available");
    return ToolError(fmt::format("Invalid requestor: {}", requestor));
  }
  return CallTool(desk, state, name, arguments);
}

Replay::Replay(const Desk& desk, std::shared_ptr<const World> world) : desk_(&desk), world_(std::move(world)) {}

void Replay::Execute(State& state, Json& call, std::string_view text_field, std::string_view hash_field) const {
  static const Json kNoArguments = Json::MakeObject(std::vector<Json::Member>());
  const Json* arguments = call.Find("arguments");
  if (arguments == nullptr) arguments = call.Find("kwargs");
  const std::string name(call.StringOr("name", ""));
  const ToolOutput output = CallAs(*desk_, state, call.StringOr("requestor", "assistant"), name,
                                   arguments == nullptr ? kNoArguments : *arguments);
  call.Set(text_field, output.escapes ? Json() : Json(output.content));
  if (desk_->world.benchmark == Benchmark::kTau2) {
    call.Set("error", output.error);
  } else {
    const bool done = !desk_->ends_episode.empty() && name == desk_->ends_episode;
    call.Set("done", output.escapes ? Json() : Json(done));
    if (output.escapes || call.Find("crash") != nullptr) {
      call.Set("crash", output.escapes ? Json(output.content) : Json());
    }
  }
  call.Set(hash_field, StateHash(state));
}

Json Replay::Task(Json line) const {
  const bool tau2 = desk_->world.benchmark == Benchmark::kTau2;
  const std::string hash = tau2 ? "db_hash" : "data_hash";
  State state(world_);
  line.Set(hash + "_initial", StateHash(state));
  for (Json& action : line.FindMutable("actions")->MutableItems()) {
    Execute(state, action, tau2 ? "result" : "observation", hash + "_after");
  }
  line.Set(hash + "_final", StateHash(state));
  return line;
}

Json Replay::Call(Json line) {
  const bool tau2 = desk_->world.benchmark == Benchmark::kTau2;
  State& state = states_.try_emplace(line.Find("seq")->Dump(), world_).first->second;
  Execute(state, line, tau2 ? "content" : "observation", tau2 ? "db_hash" : "data_hash");
  if (line.BoolOr("done", false)) state.Reset();
  return line;
}

Expected<std::string> Replay::Line(std::string_view line) {
  TRY_ASSIGN(Json parsed, ParsePythonJson(line, "recorded line"));
  if (const Json* actions = parsed.Find("actions"); actions != nullptr && actions->is_array()) {
    if (!std::ranges::all_of(actions->items(), &Json::is_object))
      return UserError("has an action that is no object {name, arguments}", "recorded line");
    return PythonJson(Task(std::move(parsed)));
  }
  if (parsed.Find("seq") != nullptr && parsed.Find("name") != nullptr) return PythonJson(Call(std::move(parsed)));
  return UserError("is neither a task (with \"actions\") nor a call (with \"seq\" and \"name\")", "recorded line");
}

Expected<std::vector<std::string>> ReplayLines(const Desk& desk, const std::shared_ptr<const World>& world,
                                               std::istream& lines, const std::string& where) {
  Replay replay(desk, world);
  std::vector<std::string> replayed;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto result = replay.Line(line);
    if (!result) return UserError(result.error().Text(), fmt::format("{}:{}", where, number));
    replayed.push_back(std::move(*result));
  }
  return replayed;
}

}  // namespace xsweep
