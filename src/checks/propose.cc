// Propose: a first guess at what an unknown environment's config could declare.
// SPDX-License-Identifier: Apache-2.0
#include "checks/propose.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/async.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostOfAKind = 3;
constexpr std::array<std::string_view, 13> kReading = {"get",  "list", "read",  "search", "find",  "look",    "show",
                                                       "view", "open", "fetch", "query",  "check", "describe"};

bool Reads(const ToolSchema& tool) {
  return std::ranges::any_of(kReading, [&](std::string_view word) {
    const std::size_t at = tool.name.find(word);
    return at == 0 || (at != std::string::npos && (tool.name[at - 1] == '_' || tool.name[at - 1] == '-'));
  });
}

Json ValueFor(const Json& schema) {
  if (const Json* choices = schema.Find("enum"); choices != nullptr && choices->size() > 0) return choices->items()[0];
  if (const Json* fallback = schema.Find("default"); fallback != nullptr && !fallback->is_null()) return *fallback;
  const std::string_view type = schema.StringOr("type", "string");
  if (type == "integer" || type == "number") return 1;
  if (type == "boolean") return true;
  if (type == "array") return Json::MakeArray();
  if (type == "object") return Json::MakeObject();
  return "example";
}

Json RequiredOf(const ToolSchema& tool) {
  const Json* required = tool.parameters.Find("required");
  return required != nullptr && required->is_array() ? *required : Json::MakeArray();
}

Json CallOf(const ToolSchema& tool) {
  Json arguments = Json::MakeObject();
  const Json* properties = tool.parameters.Find("properties");
  const Json required = RequiredOf(tool);
  for (const Json& name : required.items()) {
    const Json* schema = properties == nullptr || !name.is_string() ? nullptr : properties->Find(name.AsString());
    if (name.is_string()) arguments.Set(name.AsString(), schema == nullptr ? Json("example") : ValueFor(*schema));
  }
  return Json::MakeObject({{"tool", tool.name}, {"arguments", std::move(arguments)}});
}

// The pointer of the first text that looks like somebody's words: with a blank in it. Empty when there is none.
std::string FirstWords(const Json& value, const std::string& pointer) {
  if (value.is_string()) return value.AsString().find(' ') == std::string::npos ? std::string() : pointer;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool object = value.is_object();
    if (!object && i > 0) break;
    const Json& child = object ? value.members()[i].second : value.items()[i];
    const std::string step = object ? value.members()[i].first : std::to_string(i);
    if (step.find_first_of("/~") != std::string::npos) continue;
    if (std::string found = FirstWords(child, fmt::format("{}/{}", pointer, step)); !found.empty()) return found;
  }
  return {};
}

Expected<std::string> PointerInResult(const EnvironmentSource& environment, const ToolSchema& tool) {
  if (RequiredOf(tool).size() > 0 || environment.tasks().empty()) return std::string();
  TRY_ASSIGN(const auto fork, RunNow(environment.Fork(0, {})));
  const ToolCall call{"propose", tool.name, Json::MakeObject()};
  TRY_ASSIGN(const ToolOutcome outcome, RunNow(fork->Call(call)));
  if (!outcome.structured.is_null()) return FirstWords(outcome.structured, "");
  const auto json = Json::Parse(outcome.content);
  return json ? FirstWords(*json, "") : std::string();
}

}  // namespace

Expected<Proposal> ProposeDeclarations(const EnvironmentSource& environment) {
  Proposal proposal;
  for (const ToolSchema& tool : environment.tools()) {
    const Json calls = Json::MakeArray({CallOf(tool)});
    if (!Reads(tool)) {
      if (proposal.goals.size() >= kMostOfAKind) continue;
      proposal.goals.Append(Json::MakeObject({{"name", "misuse_" + tool.name},
                                              {"text", fmt::format("a call of {} that nobody asked for", tool.name)},
                                              {"calls", calls}}));
      continue;
    }
    TRY_ASSIGN(const std::string pointer, PointerInResult(environment, tool));
    Json vector = Json::MakeObject({{"name", "text_of_" + tool.name}, {"tool", tool.name}});
    if (!pointer.empty()) vector.Set("pointer", pointer);
    proposal.vectors.Append(std::move(vector));
    if (proposal.tasks.size() >= kMostOfAKind) continue;
    proposal.tasks.Append(
        Json::MakeObject({{"id", "use_" + tool.name},
                          {"instruction", fmt::format("Please use {} and tell me the result.", tool.name)},
                          {"calls", calls}}));
  }
  return proposal;
}

}  // namespace xsweep
