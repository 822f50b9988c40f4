// What a foreign agent's output says, one reader for each way of saying it.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "base/json.h"
#include "base/text.h"

namespace xsweep {
namespace {

using How = AgentEnd::How;

/// "mcp__desk__get_user" as we call it.
std::string PlainName(std::string_view name) {
  for (const std::string_view prefix : {"mcp__desk__", "desk__", "desk_"})
    if (name.starts_with(prefix)) return std::string(name.substr(prefix.size()));
  return std::string(name);
}

/// Every line that is a JSON object.
std::vector<Json> Objects(std::string_view output) {
  std::vector<Json> objects;
  for (const std::string& line : Split(output, '\n')) {
    if (!line.starts_with('{')) continue;
    auto parsed = Json::Parse(line);
    if (parsed && parsed->is_object()) objects.push_back(std::move(*parsed));
  }
  return objects;
}

AgentEnd FromStdout(std::string_view output) {
  while (!output.empty() && (output.back() == '\n' || output.back() == '\r')) output.remove_suffix(1);
  return {.words = std::string(output)};
}

/// How Claude Code says that it did not come to an end; empty where it did. `subtype` is "success" even when the model
/// could not be reached, and `is_error` was false even when it ran out of turns.
std::string WhyUnfinished(const Json& result) {
  const std::string_view subtype = result.StringOr("subtype", "success");
  const std::string_view stop = result.StringOr("stop_reason", "");
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, stop) != words.end();
  };
  if (subtype != "success") return Printable(subtype, 80) + ": " + Printable(result.StringOr("result", ""), 300);
  if (result.BoolOr("is_error", false)) return Printable(result.StringOr("result", ""), 300);
  return is_one_of({"max_tokens", "refusal", "pause_turn", "model_context_window_exceeded"}) ? std::string(stop) : "";
}

AgentEnd FromClaude(std::string_view output) {
  const std::vector<Json> objects = Objects(output);
  if (objects.empty() || objects.back().StringOr("type", "result") != "result")
    return {How::kFailed, "it printed no result"};
  const Json& result = objects.back();
  AgentEnd end{.words = std::string(result.StringOr("result", ""))};
  if (const std::string why = WhyUnfinished(result); !why.empty())
    end = {How::kFailed, "it says that it failed: " + why};
  const Json* denials = result.Find("permission_denials");
  if (denials == nullptr || !denials->is_array()) return end;
  for (const Json& denial : denials->items()) {
    if (!denial.is_object()) continue;
    const Json* input = denial.Find("tool_input");
    end.refused.push_back({.id = std::string(denial.StringOr("tool_use_id", "")),
                           .name = PlainName(denial.StringOr("tool_name", "")),
                           .arguments = input == nullptr ? Json::MakeObject() : *input});
  }
  return end;
}

AgentEnd FromCodex(std::string_view output) {
  AgentEnd end;
  bool completed = false;
  for (const Json& event : Objects(output)) {
    const std::string_view type = event.StringOr("type", "");
    const Json* item = event.Find("item");
    completed = completed || type == "turn.completed";
    if (type == "turn.failed") {
      const Json* error = event.Find("error");
      end.how = How::kFailed;
      end.words = fmt::format("it says that it failed: {}",
                              Printable(error == nullptr ? "" : error->StringOr("message", ""), 300));
    }
    if (type != "item.completed" || item == nullptr) continue;
    if (item->StringOr("type", "") == "agent_message" && end.how == How::kAnswered)
      end.words = item->StringOr("text", "");
    const Json* error = item->Find("error");
    const std::string_view why = error == nullptr ? "" : error->StringOr("message", "");
    const bool refused = item->StringOr("type", "") == "mcp_tool_call" && item->StringOr("status", "") == "failed" &&
                         (why.find("approv") != std::string_view::npos || why.find("reject") != std::string_view::npos);
    if (!refused) continue;
    const Json* arguments = item->Find("arguments");
    end.refused.push_back({.id = {},
                           .name = PlainName(item->StringOr("tool", "")),
                           .arguments = arguments == nullptr ? Json::MakeObject() : *arguments});
  }
  // What it says on the way to an end that does not come is no answer.
  if (!completed && end.how == How::kAnswered) {
    end.how = How::kFailed;
    end.words = "its turn was not completed" + (end.words.empty() ? "" : "; it said: " + Printable(end.words, 300));
  }
  return end;
}

AgentEnd FromOpencode(std::string_view output) {
  AgentEnd end;
  std::string finish;
  for (const Json& event : Objects(output)) {
    const std::string_view type = event.StringOr("type", "");
    const Json* part = event.Find("part");
    if (type == "tool_use") end.words.clear();  // what it says last is its answer
    if (type == "text" && part != nullptr) end.words += part->StringOr("text", "");
    if (type == "step_finish" && part != nullptr) finish = part->StringOr("reason", "");
    if (type == "error") {
      const Json* error = event.Find("error");
      return {How::kFailed, "it says that it failed: " + Printable(error == nullptr ? "" : error->Dump(), 300)};
    }
  }
  for (const std::string_view cut : {"length", "content-filter", "error", "tool-calls"})
    if (finish == cut) return {How::kFailed, "its last step ended in " + finish};
  return end;
}

AgentEnd Read(AnswerIn kind, std::string_view output) {
  switch (kind) {
    case AnswerIn::kStdout: return FromStdout(output);
    case AnswerIn::kClaudeJson: return FromClaude(output);
    case AnswerIn::kCodexJsonl: return FromCodex(output);
    case AnswerIn::kOpencodeJsonl: return FromOpencode(output);
  }
  return {};
}

}  // namespace

AgentEnd ReadAnswer(AnswerIn kind, std::string_view output, int exit_code, std::string_view errors) {
  AgentEnd end = Read(kind, output);
  end.stop = true;
  if (exit_code == 0) return end;
  const std::string how =
      exit_code > 0 ? fmt::format("exited with {}", exit_code) : fmt::format("was ended by signal {}", -exit_code);
  std::string last;  // the last three lines that say anything
  for (const std::string& line : Split(errors, '\n'))
    if (line.find_first_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos)
      last += (last.empty() ? "" : " | ") + line;
  if (last.size() > 250) last.erase(0, last.size() - 250);
  const std::string why = end.how == How::kFailed ? end.words : Printable(last.empty() ? end.words : last, 300);
  end.how = How::kFailed;
  end.words = fmt::format("the agent {}{}{}", how, why.empty() ? "" : ": ", why);
  return end;
}

}  // namespace xsweep
