// What the providers' documentation asks of a request: a server that follows it to the letter, as a function.
// SPDX-License-Identifier: Apache-2.0
#include "support/strict_requests.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

namespace xsweep::testing {
namespace {

using Words = std::vector<std::string_view>;

bool Holds(const Words& words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

bool IsBlankText(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; });
}

bool IsName(std::string_view name, std::size_t longest) {
  return !name.empty() && name.size() <= longest && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

bool IsNineLetters(std::string_view id) {
  return id.size() == 9 &&
         std::ranges::all_of(id, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

std::string UnknownMember(const Json& object, const Words& known) {
  for (const auto& [name, value] : object.members()) {
    if (!Holds(known, name)) return "a member that is not permitted: " + name;
  }
  return "";
}

/// A member that must be a number between two bounds, if it is there.
std::string NumberFault(const Json& request, std::string_view name, double least, double most) {
  const Json* value = request.Find(name);
  if (value == nullptr) return "";
  const bool fits = value->is_number() && value->AsDouble() >= least && value->AsDouble() <= most;
  return fits ? "" : "a number out of its range: " + std::string(name);
}

bool IsObjectSchema(const Json* schema) {
  return schema != nullptr && schema->is_object() && schema->StringOr("type", "") == "object";
}

std::string ToolsFault(const Json& request, bool chat, bool calls) {
  const Json* tools = request.Find("tools");
  if (tools == nullptr) return calls ? "calls in the history and no tools" : "";
  if (!tools->is_array() || tools->size() == 0) return "an empty list of tools";
  std::set<std::string> names;
  for (const Json& tool : tools->items()) {
    const Json* function = chat ? tool.Find("function") : &tool;
    if (function == nullptr || (chat && tool.StringOr("type", "") != "function")) return "a tool that is no function";
    const Words known = {"name", "description", chat ? "parameters" : "input_schema", "strict", "cache_control"};
    if (const std::string fault = UnknownMember(*function, known); !fault.empty()) return fault;
    const std::string name(function->StringOr("name", ""));
    if (!IsName(name, 64)) return "a tool's name that is refused: " + name;
    if (!names.insert(name).second) return "two tools of one name: " + name;
    if (!IsObjectSchema(function->Find(chat ? "parameters" : "input_schema")))
      return "parameters that are no object schema";
  }
  return "";
}

std::string IdFault(const std::string& id, std::set<std::string>& taken, const GivenIds& given) {
  if (id.empty() || (!given.contains(id) && !IsNineLetters(id))) return "an id that is refused: " + id;
  return taken.insert(id).second ? "" : "an id that is taken: " + id;
}

/// Which roles may follow one another, and which may come last: the strictest, Mistral's.
std::string OrderFault(std::string_view before, std::string_view role) {
  if (role == "system" && !before.empty()) return "a system message that is not the first";
  if (role == "tool" && before != "assistant" && before != "tool") return "a result that follows no call";
  if (role == "user" && before == "tool") return "a user who speaks before the results were answered";
  if (role == "assistant" && (before.empty() || before == "system")) return "a dialogue that the model begins";
  return role.empty() && before != "user" && before != "tool" ? "a dialogue that ends with the model's own words" : "";
}

bool Says(const Json* content) {
  if (content == nullptr) return false;
  if (content->is_array()) return content->size() > 0;
  return content->is_string() && !IsBlankText(content->AsString());
}

class Chat {
 public:
  Chat(const GivenIds& given, bool signed_calls) : given_(given), signed_calls_(signed_calls) {}

  std::string Fault(const Json& message) {
    const std::string_view role = message.StringOr("role", "");
    if (std::string fault = OrderFault(before_, role); !fault.empty()) return fault;
    before_ = role;
    if (role == "tool") return OfTool(message);
    if (!open_.empty()) return "a call without its result";
    if (role == "assistant") return OfAssistant(message);
    if (role != "system" && role != "user") return "a role that nobody knows";
    if (!Says(message.Find("content"))) return "a blank message of the " + std::string(role);
    return UnknownMember(message, {"role", "content"});
  }
  std::string FaultAtTheEnd() const {
    return open_.empty() ? OrderFault(before_, "") : "a call without its result at the end";
  }
  bool called() const { return !ids_.empty(); }

 private:
  std::string OfTool(const Json& message) {
    if (open_.erase(std::string(message.StringOr("tool_call_id", ""))) == 0) return "a result without its call";
    const Json* content = message.Find("content");
    if (content == nullptr || !content->is_string()) return "a result that is no text";
    return UnknownMember(message, {"role", "content", "tool_call_id"});
  }

  std::string OfAssistant(const Json& message) {
    const Json* content = message.Find("content");
    const Json* calls = message.Find("tool_calls");
    if (content == nullptr) return "an assistant message without `content`";
    if (!content->is_null() && !content->is_string() && !content->is_array()) return "content that is none";
    if (calls == nullptr) return Says(content) ? "" : "an assistant message that says and calls nothing";
    if (!calls->is_array() || calls->size() == 0) return "an empty list of calls";
    for (const Json& call : calls->items()) {
      if (std::string fault = OfCall(call); !fault.empty()) return fault;
    }
    return "";
  }

  std::string OfCall(const Json& call) {
    const std::string id(call.StringOr("id", ""));
    if (std::string fault = IdFault(id, ids_, given_); !fault.empty()) return fault;
    open_.insert(id);
    const Json* function = call.Find("function");
    if (function == nullptr || call.StringOr("type", "") != "function") return "a call that is no function";
    const std::string name(function->StringOr("name", ""));
    if (!IsName(name, 64)) return "a name that is refused: " + name;
    const auto arguments = Json::Parse(function->StringOr("arguments", ""));
    if (!arguments || !arguments->is_object()) return "arguments that are no object";
    return signed_calls_ && call.Find("extra_content") == nullptr ? "a signature that is missing" : "";
  }

  const GivenIds& given_;
  const bool signed_calls_;
  std::set<std::string> ids_;
  std::set<std::string> open_;
  std::string before_;
};

/// Blocks that ask for the cache: at most four, of a form that it takes, and none on what is empty or thought.
std::string CacheFault(const Json& block, int& marks) {
  const Json* mark = block.Find("cache_control");
  if (mark == nullptr) return "";
  const std::string_view lives = mark->StringOr("ttl", "5m");
  if (mark->StringOr("type", "") != "ephemeral" || (lives != "5m" && lives != "1h")) return "a cache mark of no kind";
  if (block.StringOr("type", "").find("thinking") != std::string_view::npos) return "a cache mark on thought";
  return ++marks > 4 ? "more than four cache marks" : "";
}

class Messages {
 public:
  std::string Fault(const Json& message, bool is_last) {
    const std::string_view role = message.StringOr("role", "");
    if (role != "user" && role != "assistant") return "a role that nobody knows";
    if (role == before_) return "turns that do not alternate";
    before_ = role;
    const Json* content = message.Find("content");
    if (content == nullptr || !content->is_array() || content->size() == 0) return "a turn without blocks";
    if (role == "assistant" && !open_.empty()) return "a tool_use without its result";
    if (std::string fault = UnknownMember(message, {"role", "content"}); !fault.empty()) return fault;
    spoken_ = called_ = false;
    for (const Json& block : content->items()) {
      if (std::string fault = role == "user" ? OfUser(block) : OfAssistant(block); !fault.empty()) return fault;
      if (std::string fault = CacheFault(block, marks); !fault.empty()) return fault;
    }
    if (role == "user") return open_.empty() ? "" : "a tool_use without its result in the next turn";
    const Json& last = content->items().back();
    if (last.StringOr("type", "").find("thinking") != std::string_view::npos) return "a turn that ends in thought";
    return is_last ? "a dialogue that does not end with the user" : "";
  }
  bool called() const { return !ids_.empty(); }

  int marks = 0;

 private:
  std::string OfText(const Json& block) {
    return IsBlankText(block.StringOr("text", ""))
               ? "a blank text block"
               : UnknownMember(block, {"type", "text", "citations", "cache_control"});
  }

  std::string OfUser(const Json& block) {
    const std::string_view type = block.StringOr("type", "");
    if (type == "text") {
      spoken_ = true;
      return OfText(block);
    }
    if (type != "tool_result") return "a block that no user sends";
    if (spoken_) return "a result behind a text";
    if (open_.erase(std::string(block.StringOr("tool_use_id", ""))) == 0) return "a result of nothing";
    return UnknownMember(block, {"type", "tool_use_id", "content", "is_error", "cache_control"});
  }

  std::string OfAssistant(const Json& block) {
    const std::string_view type = block.StringOr("type", "");
    if (type == "text") return OfText(block);
    if (type == "thinking") {
      return called_ || block.StringOr("signature", "").empty() ? "thinking out of place" : "";
    }
    if (type == "redacted_thinking") return called_ ? "thinking out of place" : "";
    if (type != "tool_use") return "a block that no assistant sends";
    called_ = true;
    const std::string id(block.StringOr("id", ""));
    if (!IsName(id, 256)) return "an id that is refused: " + id;
    if (!ids_.insert(id).second) return "an id that is taken: " + id;
    open_.insert(id);
    const std::string name(block.StringOr("name", ""));
    if (!IsName(name, 64)) return "a name that is refused: " + name;
    const Json* input = block.Find("input");
    return input != nullptr && input->is_object() ? "" : "an input that is no object";
  }

  std::set<std::string> ids_;
  std::set<std::string> open_;
  std::string before_ = "assistant";
  bool spoken_ = false;
  bool called_ = false;
};

/// The system prompt of the Messages API: a text, or blocks of text.
std::string SystemFault(const Json& request, int& marks) {
  const Json* system = request.Find("system");
  if (system == nullptr) return "";
  if (system->is_string()) return IsBlankText(system->AsString()) ? "a blank system prompt" : "";
  if (!system->is_array() || system->size() == 0) return "a system prompt of no kind";
  for (const Json& block : system->items()) {
    if (block.StringOr("type", "") != "text" || IsBlankText(block.StringOr("text", ""))) return "a blank system block";
    if (std::string fault = UnknownMember(block, {"type", "text", "cache_control"}); !fault.empty()) return fault;
    if (std::string fault = CacheFault(block, marks); !fault.empty()) return fault;
  }
  return "";
}

std::string First(std::initializer_list<std::string> faults) {
  const auto* const found = std::ranges::find_if(faults, [](const std::string& fault) { return !fault.empty(); });
  return found == faults.end() ? "" : *found;
}

}  // namespace

std::string ChatFault(const Json& request, const GivenIds& given, bool signed_calls) {
  const Words known = {"model",      "messages",    "tools",           "seed",
                       "max_tokens", "temperature", "top_p",           "max_completion_tokens",
                       "n",          "tool_choice", "response_format", "prompt_cache_key"};
  if (request.StringOr("model", "").empty()) return "no model";
  const Json* messages = request.Find("messages");
  if (messages == nullptr || !messages->is_array() || messages->size() == 0) return "no messages";
  Chat chat(given, signed_calls);
  for (const Json& message : messages->items()) {
    if (std::string fault = chat.Fault(message); !fault.empty()) return fault;
  }
  return First({chat.FaultAtTheEnd(), ToolsFault(request, true, chat.called()), UnknownMember(request, known),
                NumberFault(request, "temperature", 0, 2), NumberFault(request, "top_p", 0, 1),
                NumberFault(request, "max_tokens", 1, 1e9), NumberFault(request, "seed", -9e18, 9e18)});
}

std::string MessagesFault(const Json& request) {
  const Words known = {"model", "max_tokens",  "messages",       "system",   "tools",    "temperature", "top_p",
                       "top_k", "tool_choice", "stop_sequences", "thinking", "metadata", "stream"};
  if (request.StringOr("model", "").empty()) return "no model";
  if (request.Find("max_tokens") == nullptr) return "no max_tokens";
  const Json* turns = request.Find("messages");
  if (turns == nullptr || !turns->is_array() || turns->size() == 0) return "no messages";
  Messages messages;
  std::string fault = SystemFault(request, messages.marks);
  const Json* tools = request.Find("tools");
  for (std::size_t i = 0; fault.empty() && tools != nullptr && i < tools->size(); ++i) {
    fault = CacheFault(tools->items()[i], messages.marks);
  }
  for (std::size_t i = 0; fault.empty() && i < turns->size(); ++i) {
    fault = messages.Fault(turns->items()[i], i + 1 == turns->size());
  }
  return First({std::move(fault), ToolsFault(request, false, messages.called()), UnknownMember(request, known),
                NumberFault(request, "temperature", 0, 1), NumberFault(request, "top_p", 0, 1),
                NumberFault(request, "max_tokens", 1, 1e9)});
}

}  // namespace xsweep::testing
