// ModelAsk: the requests of three wires as one plain record.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/ask.h"

#include <fmt/format.h>

#include <utility>

#include "models/replies/lenient.h"

namespace xsweep {
namespace {

void AppendFlat(const Json& content, int depth, std::string& out) {
  if (content.is_string()) {
    out += content.AsString();
  } else if (content.is_array() && depth > 0) {
    for (const Json& part : content.items()) {
      if (!out.empty() && out.back() != '\n') out += '\n';
      AppendFlat(part, depth - 1, out);
    }
  } else if (content.is_object() && depth > 0) {
    for (const std::string_view key : {"text", "content", "output", "refusal"}) {
      const Json* inner = content.Find(key);
      if (inner != nullptr && !inner->is_null()) return AppendFlat(*inner, depth - 1, out);
    }
    out += fmt::format("[{}]", content.StringOr("type", "part"));
  }
}

void AddSystem(std::string_view text, ModelAsk& ask) {
  if (text.empty()) return;
  if (!ask.system.empty()) ask.system += "\n\n";
  ask.system += text;
}

Message& Add(Speaker speaker, std::string text, ModelAsk& ask) {
  Message& message = ask.messages.emplace_back();
  message.speaker = speaker;
  message.text = std::move(text);
  return message;
}

/// The message of the agent's turn that is being read.
Message& OfAgent(ModelAsk& ask) {
  if (ask.messages.empty() || ask.messages.back().speaker != Speaker::kAgent) Add(Speaker::kAgent, {}, ask);
  return ask.messages.back();
}

void AddWords(std::string_view text, Message& message) {
  if (!message.text.empty() && !text.empty()) message.text += '\n';
  message.text += text;
}

// Two of the three wires have no mark for a failed tool: its words have to do.
bool SoundsFailed(std::string_view text) {
  const std::size_t at = text.find("Error");
  return at == 0 || (at != std::string_view::npos && (text[at - 1] == '\n' || text[at - 1] == '"') && at < 128);
}

void AddResult(std::string_view call_id, std::string text, bool failed, ModelAsk& ask) {
  Message& message = Add(Speaker::kTool, std::move(text), ask);
  message.call_id = call_id;
  message.error = failed;
}

// Two of the wires write arguments as JSON in a text, which a model may have got wrong: then the text stands for them.
Json ArgumentsOf(const Json* given) {
  if (given == nullptr || given->is_null()) return Json::MakeObject();
  if (!given->is_string()) return *given;
  auto read = ParseBody(given->AsString());
  if (!read) return *given;
  return std::move(*read);
}

std::unexpected<Error> Unreadable(std::string_view what) { return UserError(what, "request"); }

const Json& Or(const Json* value) {
  static const Json nothing;
  return value == nullptr ? nothing : *value;
}

void ReadChatMessage(const Json& entry, ModelAsk& ask) {
  const std::string_view role = entry.StringOr("role", "");
  std::string text = FlatText(Or(entry.Find("content")));
  if (role == "system" || role == "developer") return AddSystem(std::move(text), ask);
  // `function` is the older form of `tool`: it has no id, and goes by the name of the function.
  if (role == "tool" || role == "function") {
    const bool failed = SoundsFailed(text);
    return AddResult(entry.StringOr("tool_call_id", entry.StringOr("name", "")), std::move(text), failed, ask);
  }
  if (role != "assistant") {
    Add(Speaker::kUser, std::move(text), ask);
    return;
  }
  Message& message = Add(Speaker::kAgent, std::move(text), ask);
  const Json* calls = entry.Find("tool_calls");
  for (std::size_t i = 0; calls != nullptr && calls->is_array() && i < calls->size(); ++i) {
    const Json& call = calls->items()[i];
    const Json& function = Or(call.Find("function"));
    message.calls.push_back({.id = std::string(call.StringOr("id", "")),
                             .name = std::string(function.StringOr("name", "")),
                             .arguments = ArgumentsOf(function.Find("arguments"))});
  }
}

OfferedTool ToolOf(const Json& tool, std::string_view space, std::string_view parameters) {
  return {.name = std::string(tool.StringOr("name", "")),
          .space = std::string(space),
          .description = std::string(tool.StringOr("description", "")),
          .parameters = Or(tool.Find(parameters))};
}

Expected<ModelAsk> ReadChat(const Json& body, ModelAsk ask) {
  const Json* messages = body.Find("messages");
  if (messages == nullptr || !messages->is_array() || messages->size() == 0)
    return Unreadable("`messages` must be a list with something in it");
  for (const Json& entry : messages->items()) {
    if (!entry.is_object()) return Unreadable("an entry of `messages` is no object");
    ReadChatMessage(entry, ask);
  }
  const Json& tools = Or(body.Find("tools"));
  ask.offers_any = tools.size() > 0;
  for (std::size_t i = 0; tools.is_array() && i < tools.size(); ++i) {
    const Json* function = tools.items()[i].Find("function");
    if (function != nullptr) ask.tools.push_back(ToolOf(*function, {}, "parameters"));
  }
  ask.usage_chunk = Or(body.Find("stream_options")).BoolOr("include_usage", false);
  return ask;
}

void ReadItem(const Json& item, ModelAsk& ask) {
  // A message may come without its type; all other items have one.
  const std::string_view type = item.StringOr("type", "message");
  const std::string_view role = item.StringOr("role", "");
  if (type == "message" && (role == "system" || role == "developer")) {
    AddSystem(FlatText(Or(item.Find("content"))), ask);
  } else if (type == "message" && role == "assistant") {
    AddWords(FlatText(Or(item.Find("content"))), OfAgent(ask));
  } else if (type == "message") {
    Add(Speaker::kUser, FlatText(Or(item.Find("content"))), ask);
  } else if (type == "function_call" || type == "custom_tool_call") {
    const Json* arguments = item.Find(type == "function_call" ? "arguments" : "input");
    OfAgent(ask).calls.push_back({.id = std::string(item.StringOr("call_id", "")),
                                  .name = std::string(item.StringOr("name", "")),
                                  .arguments = ArgumentsOf(arguments)});
  } else if (type == "function_call_output" || type == "custom_tool_call_output") {
    std::string text = FlatText(Or(item.Find("output")));
    const bool failed = SoundsFailed(text);
    AddResult(item.StringOr("call_id", ""), std::move(text), failed, ask);
  } else if (type == "item_reference") {
    OfAgent(ask);  // a piece of what the model itself has said
  }
}

void ReadResponsesTools(const Json& tools, ModelAsk& ask) {
  for (std::size_t i = 0; tools.is_array() && i < tools.size(); ++i) {
    const Json& tool = tools.items()[i];
    const std::string_view type = tool.StringOr("type", "");
    if (type == "function" || type == "custom") ask.tools.push_back(ToolOf(tool, {}, "parameters"));
    if (type != "namespace") continue;
    const Json& inner = Or(tool.Find("tools"));
    for (std::size_t j = 0; inner.is_array() && j < inner.size(); ++j)
      ask.tools.push_back(ToolOf(inner.items()[j], tool.StringOr("name", ""), "parameters"));
  }
}

Expected<ModelAsk> ReadResponses(const Json& body, ModelAsk ask) {
  AddSystem(std::string(body.StringOr("instructions", "")), ask);
  const Json& input = Or(body.Find("input"));
  if (input.is_string()) {
    Add(Speaker::kUser, input.AsString(), ask);
  } else if (input.is_array()) {
    for (const Json& item : input.items()) {
      if (!item.is_object()) return Unreadable("an item of `input` is no object");
      ReadItem(item, ask);
    }
  } else {
    return Unreadable("`input` must be a text or a list");
  }
  const Json& tools = Or(body.Find("tools"));
  // Not taken from `ask.tools`: a provider's own tools have nothing to read here, but a request with them is no aside.
  ask.offers_any = tools.size() > 0;
  ReadResponsesTools(tools, ask);
  for (const std::string_view key : {"previous_response_id", "conversation"})
    ask.kept_elsewhere = ask.kept_elsewhere || !Or(body.Find(key)).is_null();
  return ask;
}

void ReadUserBlocks(const Json& blocks, ModelAsk& ask) {
  // Results come before words on this wire (a provider refuses them otherwise), so the words may be put behind.
  std::string words;
  for (const Json& block : blocks.items()) {
    if (block.StringOr("type", "") != "tool_result") {
      const Json as_list = Json::MakeArray({block});
      if (!words.empty()) words += '\n';
      words += FlatText(as_list);
      continue;
    }
    std::string text = FlatText(Or(block.Find("content")));
    const bool failed = block.BoolOr("is_error", false) || SoundsFailed(text);
    AddResult(block.StringOr("tool_use_id", ""), std::move(text), failed, ask);
  }
  if (!words.empty()) Add(Speaker::kUser, std::move(words), ask);
}

void ReadAgentBlocks(const Json& blocks, ModelAsk& ask) {
  Message& message = Add(Speaker::kAgent, {}, ask);
  for (const Json& block : blocks.items()) {
    const std::string_view type = block.StringOr("type", "");
    if (type == "text") AddWords(std::string(block.StringOr("text", "")), message);
    if (type != "tool_use") continue;
    message.calls.push_back({.id = std::string(block.StringOr("id", "")),
                             .name = std::string(block.StringOr("name", "")),
                             .arguments = ArgumentsOf(block.Find("input"))});
  }
}

Expected<ModelAsk> ReadMessages(const Json& body, ModelAsk ask) {
  AddSystem(FlatText(Or(body.Find("system"))), ask);
  const Json* messages = body.Find("messages");
  if (messages == nullptr || !messages->is_array() || messages->size() == 0)
    return Unreadable("`messages` must be a list with something in it");
  for (const Json& entry : messages->items()) {
    if (!entry.is_object()) return Unreadable("an entry of `messages` is no object");
    const std::string_view role = entry.StringOr("role", "");
    const Json& content = Or(entry.Find("content"));
    if (role == "system") {  // Claude Code puts some inside
      AddSystem(FlatText(content), ask);
    } else if (!content.is_array()) {
      Add(role == "assistant" ? Speaker::kAgent : Speaker::kUser, FlatText(content), ask);
    } else if (role == "assistant") {
      ReadAgentBlocks(content, ask);
    } else {
      ReadUserBlocks(content, ask);
    }
  }
  const Json& tools = Or(body.Find("tools"));
  ask.offers_any = tools.size() > 0;
  for (std::size_t i = 0; tools.is_array() && i < tools.size(); ++i)
    ask.tools.push_back(ToolOf(tools.items()[i], {}, "input_schema"));
  return ask;
}

}  // namespace

std::string FlatText(const Json& content) {
  std::string out;
  AppendFlat(content, 8, out);
  return out;
}

Expected<ModelAsk> ReadAsk(Wire wire, const Json& body) {
  if (!body.is_object()) return Unreadable("the body is no JSON object");
  ModelAsk ask;
  ask.wire = wire;
  ask.model = body.StringOr("model", "");
  ask.stream = body.BoolOr("stream", false);
  switch (wire) {
    case Wire::kChat: return ReadChat(body, std::move(ask));
    case Wire::kResponses: return ReadResponses(body, std::move(ask));
    case Wire::kMessages: return ReadMessages(body, std::move(ask));
  }
  return Unreadable("no wire");
}

}  // namespace xsweep
