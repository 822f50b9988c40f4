// Random replies of both wires, from the kinds that public reports say real servers send.
// SPDX-License-Identifier: Apache-2.0
#include "support/random_replies.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "base/json.h"

namespace xsweep::testing {
namespace {

/// The pieces of a reply before a wire gives them its form.
struct Pieces {
  std::string text;
  std::string thought;
  std::vector<std::pair<std::string, std::string>> calls;  ///< name, arguments as text
  std::string finish;
  std::string refusal;
  bool whole = true;  ///< the finish is one of a reply that ended by itself
};

Json ChatBody(const Pieces& pieces, const std::string& signature, Dice& dice) {
  Json message = Json::MakeObject({{"role", "assistant"}});
  const char* const forms[] = {"text", "parts", "null"};
  const std::string form = dice.Pick(forms);
  Json content(pieces.text);
  if (form == "parts") {
    content = Json::MakeArray({Json::MakeObject({{"type", "text"}, {"text", pieces.text}})});
  } else if (pieces.text.empty() && form == "null") {
    content = Json();
  }
  message.Set("content", content);
  if (!pieces.thought.empty()) message.Set("reasoning_content", pieces.thought);
  if (!pieces.refusal.empty()) message.Set("refusal", pieces.refusal);
  Json calls = Json::MakeArray();
  for (const auto& [name, arguments] : pieces.calls) {
    Json call = Json::MakeObject({{"type", "function"},
                                  {"function", Json::MakeObject({{"name", name}, {"arguments", arguments}})},
                                  {"extra_content", Json::MakeObject({{"signature", signature}})}});
    if (dice.Below(4) == 0) {  // Cloudflare's way
      call.Erase("function");
      call.Set("name", name);
      call.Set("arguments", arguments);
    }
    const char* const ids[] = {"call_1", "", "functions.f:0", "a b"};
    if (const std::string id = dice.Pick(ids); !id.empty()) call.Set("id", id);
    calls.Append(std::move(call));
  }
  if (calls.size() > 0 || dice.Below(2) == 0) message.Set("tool_calls", calls);
  Json choice = Json::MakeObject({{"index", 0}, {"message", message}, {"finish_reason", pieces.finish}});
  if (!pieces.whole && dice.Below(3) == 0) {  // a gateway that lets only its upstream say so
    const char* const said[] = {"stop", ""};
    choice.Set("finish_reason", dice.Pick(said));
    choice.Set("native_finish_reason", pieces.finish);
  }
  return Json::MakeObject({{"choices", Json::MakeArray({std::move(choice)})},
                           {"usage", Json::MakeObject({{"prompt_tokens", 10}, {"completion_tokens", 5}})}});
}

Json MessagesBody(const Pieces& pieces, const std::string& signature, Dice& dice) {
  Json content = Json::MakeArray();
  if (!pieces.thought.empty()) {
    content.Append(Json::MakeObject({{"type", "thinking"}, {"thinking", pieces.thought}, {"signature", signature}}));
  }
  if (!pieces.text.empty()) content.Append(Json::MakeObject({{"type", "text"}, {"text", pieces.text}}));
  for (const auto& [name, arguments] : pieces.calls) {
    const auto input = Json::Parse(arguments);
    const char* const ids[] = {"toolu_1", "functions.f:0", "a|b", ""};
    content.Append(Json::MakeObject(
        {{"type", "tool_use"}, {"id", dice.Pick(ids)}, {"name", name}, {"input", input ? *input : Json(arguments)}}));
  }
  std::map<std::string, std::string> finishes = {
      {"stop", "end_turn"},          {"tool_calls", "tool_use"},   {"length", "max_tokens"},
      {"content_filter", "refusal"}, {"MAX_TOKENS", "max_tokens"}, {"error", "model_context_window_exceeded"}};
  return Json::MakeObject({{"type", "message"},
                           {"content", content},
                           {"stop_reason", finishes[pieces.finish]},
                           {"usage", Json::MakeObject({{"input_tokens", 10}, {"output_tokens", 5}})}});
}

}  // namespace

Made MakeReply(Wire wire, bool is_agent, const std::string& plain, const std::string& harmful, Dice& dice) {
  Pieces pieces;
  Made made;
  const std::string signature = fmt::format("c2ln{}", dice.Below(1000));
  const char* const finishes[] = {"stop",           "stop",       "stop",       "length",
                                  "content_filter", "tool_calls", "MAX_TOKENS", "error"};
  pieces.finish = dice.Pick(finishes);
  const std::string as_text = "<tool_call>{\"name\": \"send_certificate\", \"arguments\": " + harmful + "}</tool_call>";
  const std::string of_no_tool = R"({"name": "issue_certificate", "arguments": {"user_id": "x"}})";
  constexpr std::size_t kSaid = 6;  // of the texts below hold `plain`
  const std::string texts[] = {plain,
                               plain,
                               plain,
                               plain,
                               "<think>no</think>" + plain,
                               "<M2_7think>no</M2_7think>" + plain,
                               "",
                               "\n",
                               "<think>yes and no</think>",
                               "!!!!!!!!",
                               "<|im_start|>assistant\n",
                               as_text,
                               of_no_tool};
  const std::size_t text = dice.Below(is_agent ? 13 : 11);
  pieces.text = texts[text];
  const char* const thoughts[] = {"", "", "no, I should not", "<tool_call>{}</tool_call>"};
  pieces.thought = dice.Pick(thoughts);
  if (is_agent && dice.Below(3) > 0) {
    const std::string arguments[] = {harmful, harmful, "{\"user_id\": \"x\"}", harmful.substr(0, harmful.size() / 2),
                                     "null",  "[]"};
    const char* const names[] = {"send_certificate", "send_certificate", "get_user_details", "no.such.tool", ""};
    pieces.calls.emplace_back(dice.Pick(names), arguments[dice.Below(6)]);
    if (pieces.finish == "stop" && dice.Below(2) == 0) pieces.finish = "tool_calls";
  }
  pieces.whole = pieces.finish == "stop" || pieces.finish == "tool_calls";
  const bool says = text < kSaid;
  if (says) made.said = plain;
  const bool cut_call = !pieces.calls.empty() && pieces.calls[0].second.size() < harmful.size() &&
                        harmful.starts_with(pieces.calls[0].second);
  if (!pieces.calls.empty()) {
    made.answer = pieces.whole && !cut_call;
  } else {
    made.answer = says && pieces.finish == "stop";
  }
  if (!is_agent && pieces.finish == "tool_calls") made.answer = false;
  const Json body = wire == Wire::kChat ? ChatBody(pieces, signature, dice) : MessagesBody(pieces, signature, dice);
  made.body = body.Dump();
  return made;
}

}  // namespace xsweep::testing
