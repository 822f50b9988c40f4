// Calls that a server left in the text.
// SPDX-License-Identifier: Apache-2.0
#include "models/replies/text_calls.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/characters.h"
#include "base/text.h"
#include "models/replies/call_shapes.h"
#include "models/replies/lenient.h"

namespace xsweep {
namespace {

constexpr std::size_t kLongestObject = std::size_t{256} << 10U;
constexpr int kMostMisses = 64;             // opening braces that nothing closes
constexpr std::size_t kNameDistance = 200;  // between a name and the arguments behind it

// In small letters. Each is the opening mark of some family's calls and hardly ever prose.
constexpr std::array<std::string_view, 26> kCallMarks = {
    "<tool_call",
    "<toolcall",
    "<tool_use>",
    "<function_call",
    "<function=",
    "<functioncall",
    "<invoke name=",
    "<invoke ",
    "<|tool_call",
    "<|tool\xE2\x96\x81"
    "call",
    "<\xEF\xBD\x9C"
    "tool\xE2\x96\x81"
    "call",
    "[tool_call",
    "[tool_request",
    "<|python_tag|>",
    "<|action_start|>",
    "<|start_action|>",
    "<action>{",
    "<tool_code>",
    "```tool_c",
    "functools[",
    "<use_mcp_tool",
    "to=functions.",
    "<\xEF\xBD\x9C"
    "dsml\xEF\xBD\x9C",
    "<start_function_call>",
    "<longcat_tool_call",
    "\ntool_call(",  // ChatGLM's, below the name of the tool
};

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

const ToolSchema* FindTool(std::string_view name, const std::vector<ToolSchema>& tools) {
  if (name.starts_with("functions.")) name.remove_prefix(10);
  const auto tool = std::ranges::find(tools, name, &ToolSchema::name);
  return tool == tools.end() ? nullptr : &*tool;
}

/// A value of a call as models write it: an object, or the text of one.
std::optional<Json> AsArguments(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_object()) return *value;
  if (!value->is_string()) return std::nullopt;
  auto parsed = ParseBody(value->AsString());
  return parsed && parsed->is_object() ? std::optional(std::move(*parsed)) : std::nullopt;
}

std::optional<ToolCall> AsCall(const Json& object, const std::vector<ToolSchema>& tools) {
  const ToolSchema* tool = nullptr;
  for (const std::string_view key :
       {"name", "function", "tool", "tool_name", "action", "recipient_name", "function_name"}) {
    const Json* value = object.Find(key);
    if (value == nullptr) continue;
    if (value->is_object()) {
      if (auto inner = AsCall(*value, tools)) return inner;
    }
    if (value->is_string()) tool = FindTool(value->AsString(), tools);
    if (tool != nullptr) break;
  }
  if (tool == nullptr) return std::nullopt;
  for (const std::string_view key : {"arguments", "parameters", "args", "input", "tool_input", "action_input", "kwargs",
                                     "params", "function_args"}) {
    if (auto arguments = AsArguments(object.Find(key))) return ToolCall{"", tool->name, std::move(*arguments)};
  }
  return std::nullopt;
}

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The outermost pairs of braces, read as JSON reads them.
class Objects {
 public:
  explicit Objects(std::string_view text) : text_(text) {}
  std::optional<Span> Next() {
    while (at_ < text_.size() && misses_ < kMostMisses) {
      const std::size_t begin = text_.find('{', at_);
      if (begin == kNowhere) break;
      const std::size_t end = EndOf(begin);
      at_ = end == kNowhere ? begin + 1 : end;
      if (end != kNowhere) return Span{begin, end};
      ++misses_;
    }
    return std::nullopt;
  }

 private:
  std::size_t EndOf(std::size_t begin) const {
    int depth = 0;
    bool inside = false;
    const std::size_t limit = std::min(text_.size(), begin + kLongestObject);
    for (std::size_t i = begin; i < limit; ++i) {
      const char next = text_[i];
      if (inside && next == '\\') {
        ++i;
      } else if (next == '"') {
        inside = !inside;
      } else if (!inside && next == '{') {
        ++depth;
      } else if (!inside && next == '}' && --depth == 0) {
        return i + 1;
      }
    }
    return kNowhere;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int misses_ = 0;
};

std::optional<Json> ReadObject(std::string_view text) {
  auto parsed = ParseBody(text);
  return parsed && parsed->is_object() ? std::optional(std::move(*parsed)) : std::nullopt;
}

/// Calls in an object: itself, or a list of them under the names that APIs give it.
void CollectCalls(const Json& object, const std::vector<ToolSchema>& tools, std::vector<ToolCall>& calls) {
  if (auto call = AsCall(object, tools)) {
    calls.push_back(std::move(*call));
    return;
  }
  for (const std::string_view key : {"tool_calls", "calls", "function_call", "tool_call", "actions", "tool_uses"}) {
    const Json* inner = object.Find(key);
    if (inner == nullptr) continue;
    if (inner->is_object()) CollectCalls(*inner, tools, calls);
    for (std::size_t i = 0; inner->is_array() && i < inner->size(); ++i) {
      if (auto call = AsCall(inner->items()[i], tools)) calls.push_back(std::move(*call));
    }
  }
}

/// Whether words of the same line stand on both sides: an object that is spoken of in a sentence ("you asked me to run
/// {...}, but I won't") is not one that is called.
bool IsQuoted(std::string_view text, const Span& span) {
  const auto has_words = [](std::string_view part) {
    return std::ranges::any_of(part, [](char c) { return IsWord(c) && c != '_' && c != '-'; });
  };
  constexpr std::size_t kNear = 200;
  const std::size_t from = span.begin - std::min(kNear, span.begin);
  const std::string_view before = text.substr(from, span.begin - from);
  const std::string_view after = text.substr(span.end, kNear);
  return has_words(before.substr(before.rfind('\n') + 1)) && has_words(after.substr(0, after.find('\n')));
}

/// The last name of a tool that stands as a word in `text`.
const ToolSchema* LastNameIn(std::string_view text, const std::vector<ToolSchema>& tools) {
  const ToolSchema* last = nullptr;
  std::size_t where = 0;
  for (const ToolSchema& tool : tools) {
    const std::size_t at = text.rfind(tool.name);
    if (tool.name.empty() || at == kNowhere) continue;
    const std::size_t end = at + tool.name.size();
    const bool whole = (at == 0 || !IsWord(text[at - 1])) && (end == text.size() || !IsWord(text[end]));
    if (whole && (last == nullptr || at > where)) last = &tool, where = at;
  }
  return last;
}

std::size_t FirstMark(std::string_view lower) {
  std::size_t first = kNowhere;
  for (const std::string_view mark : kCallMarks) first = std::min(first, lower.find(mark));
  return first;
}

/// A parameter's text as a value: JSON where it reads as something other than text and the schema wants no text.
Json ParameterValue(std::string_view text, std::string_view name, const ToolSchema& tool) {
  text = Trim(text);
  const Json* properties = tool.parameters.Find("properties");
  const Json* property = properties == nullptr ? nullptr : properties->Find(name);
  const bool wants_text = property != nullptr && property->StringOr("type", "") == "string";
  if (wants_text) return Json(text);
  auto value = ParseBody(text);
  return value ? std::move(*value) : Json(text);
}

/// The name in `<function=NAME>`, `<invoke name="NAME">`, `<parameter=NAME>` at `at`, just behind the equals sign.
std::string_view NameBehind(std::string_view text, std::size_t at) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  const std::size_t begin = at;
  while (at < text.size() && (IsWord(text[at]) || text[at] == '.')) ++at;
  return text.substr(begin, at - begin);
}

/// <function=NAME> or <invoke name="NAME"> with parameters as tags.
void ReadTaggedCalls(std::string_view text, const std::vector<ToolSchema>& tools, TextCalls& found) {
  for (const auto& [open, parameter] :
       {std::pair{"<function=", "<parameter="}, {"<invoke name=", "<parameter name="}}) {
    const std::string_view mark = open;
    const std::string_view inner = parameter;
    for (std::size_t at = text.find(mark); at != kNowhere;) {
      const std::size_t next = std::min(text.find(mark, at + mark.size()), text.size());
      const std::string_view block = text.substr(at, next - at);
      const ToolSchema* tool = FindTool(NameBehind(block, mark.size()), tools);
      Json arguments = Json::MakeObject();
      for (std::size_t p = block.find(inner); p != kNowhere;) {
        const std::string_view name = NameBehind(block, p + inner.size());
        const std::size_t begin = block.find('>', p);
        const std::size_t end = begin == kNowhere ? kNowhere : block.find("</parameter>", begin);
        if (end == kNowhere) return;  // cut off: nothing here is certain
        if (tool != nullptr) arguments.Set(name, ParameterValue(block.substr(begin + 1, end - begin - 1), name, *tool));
        p = block.find(inner, end);
      }
      const bool whole = block.find("</function>") != kNowhere || block.find("</invoke>") != kNowhere;
      if (tool != nullptr && whole) {
        if (found.calls.empty()) found.before = Trim(text.substr(0, at));
        found.calls.push_back({"", tool->name, std::move(arguments)});
      }
      at = next == text.size() ? kNowhere : next;
    }
  }
}

/// Whether an object names something and gives it arguments, as a call of a tool does, known or not, or lists calls.
bool HasTheShapeOfACall(const Json& object) {
  for (const std::string_view key : {"tool_calls", "tool_uses", "function_call", "tool_call"}) {
    const Json* calls = object.Find(key);
    if (calls != nullptr && calls->is_object() && HasTheShapeOfACall(*calls)) return true;
    if (calls != nullptr && calls->is_array() && std::ranges::any_of(calls->items(), HasTheShapeOfACall)) return true;
  }
  if (const Json* inner = object.Find("function"); inner != nullptr && inner->is_object()) {
    return HasTheShapeOfACall(*inner);
  }
  const auto has = [&](std::initializer_list<std::string_view> keys, auto is) {
    return std::ranges::any_of(keys, [&](std::string_view key) {
      const Json* value = object.Find(key);
      return value != nullptr && is(*value);
    });
  };
  return has({"name", "function", "tool", "tool_name", "action", "recipient_name", "function_name"},
             [](const Json& value) { return value.is_string() && !value.AsString().empty(); }) &&
         has({"arguments", "parameters", "args", "input", "params", "tool_input", "action_input", "kwargs",
              "function_args"},
             [](const Json& value) { return AsArguments(&value).has_value(); });
}

/// The same in Python's spelling, in a list or not: NAME(argument=value).
bool IsACallInPython(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = Trim(text.substr(1, text.size() - 2));
  const std::size_t end = static_cast<std::size_t>(std::ranges::find_if_not(text, IsWord) - text.begin());
  if (end < 3 || !text.substr(end).starts_with('(') || !text.ends_with(')')) return false;
  std::string_view inside = text.substr(end + 1);
  const std::size_t argument = static_cast<std::size_t>(std::ranges::find_if_not(inside, IsWord) - inside.begin());
  return argument > 0 && Trim(inside.substr(argument)).starts_with('=');
}

/// A whole text that is one such call or a list of them, fenced or not: of a tool that nobody has offered.
bool IsACallOfNoTool(std::string_view text) {
  text = Trim(text);
  if (text.starts_with("```")) {
    text = Trim(text.substr(std::min(text.find('\n'), text.size())));
    if (text.ends_with("```")) text = Trim(text.substr(0, text.size() - 3));
  }
  if (IsACallInPython(text)) return true;
  if (!text.starts_with('{') && !text.starts_with('[')) return false;
  const auto parsed = ParseBody(text);
  if (!parsed) return false;
  if (parsed->is_object()) return HasTheShapeOfACall(*parsed);
  return parsed->is_array() && parsed->size() > 0 && std::ranges::all_of(parsed->items(), HasTheShapeOfACall);
}

}  // namespace

bool LooksLikeCall(std::string_view text, const std::vector<ToolSchema>& tools) {
  if (tools.empty() || Trim(text).empty()) return false;
  return FirstMark(AsciiLower(text)) != kNowhere || NamesACall(text, tools) || IsACallOfNoTool(text);
}

std::optional<TextCalls> ReadTextCalls(std::string_view text, const std::vector<ToolSchema>& tools) {
  TextCalls found;
  const std::size_t mark = FirstMark(AsciiLower(text));
  std::size_t behind = 0;
  Objects objects(text);
  while (const auto span = objects.Next()) {
    if (mark > span->begin && IsQuoted(text, *span)) {
      behind = span->end;
      continue;
    }
    const auto object = ReadObject(text.substr(span->begin, span->end - span->begin));
    const std::size_t known = found.calls.size();
    if (object) CollectCalls(*object, tools, found.calls);
    if (object && found.calls.size() == known && mark < span->begin) {
      const std::size_t from = std::max(behind, span->begin > kNameDistance ? span->begin - kNameDistance : 0);
      const ToolSchema* tool = LastNameIn(text.substr(from, span->begin - from), tools);
      if (tool != nullptr) found.calls.push_back({"", tool->name, *object});
    }
    if (known == 0 && !found.calls.empty()) found.before = Trim(text.substr(0, std::min(mark, span->begin)));
    behind = span->end;
  }
  if (found.calls.empty()) ReadTaggedCalls(text, tools, found);
  if (found.calls.empty()) return std::nullopt;
  if (found.before.ends_with("```json") || found.before.ends_with("```")) {
    found.before.resize(found.before.rfind("```"));
    found.before = std::string(Trim(found.before));
  }
  return found;
}

}  // namespace xsweep
