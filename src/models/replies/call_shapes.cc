// Call shapes: what a call looks like when it stands in a text.
// SPDX-License-Identifier: Apache-2.0
#include "models/replies/call_shapes.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/characters.h"
#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostPlaces = 1000;     // of one name that are looked at
constexpr std::size_t kArgumentsWithin = 48;  // between a name and the brace behind it

// Members, labels and tags whose value is the name of a tool.
constexpr std::array<std::string_view, 19> kNameKeys = {
    "name",      "function",       "tool",     "tool_name", "toolname",  "action",        "function_name",
    "tool name", "recipient_name", "api_name", "call",      "tool_call", "function_call", "tool call",
    "api",       "function call",  "invoke",   "command",   "method"};
// Labels of what the tool is given.
constexpr std::array<std::string_view, 11> kArgumentLabels = {
    "action input", "action_input", "arguments", "args",  "parameters", "params",
    "tool input",   "tool_input",   "inputs",    "input", "with"};

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
bool IsMarkUp(char c) { return c == '*' || c == '`' || c == '#' || c == '-' || c == '>' || c == ' ' || c == '\t'; }

std::string_view LastWord(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0 && IsWord(text[begin - 1])) --begin;
  return text.substr(begin);
}
bool IsNameKey(std::string_view word) { return std::ranges::find(kNameKeys, AsciiLower(word)) != kNameKeys.end(); }

/// A quote at one end of a text, with the backslash that JSON inside JSON puts before it.
bool TakeQuoteFromEnd(std::string_view& text) {
  if (!text.ends_with('"') && !text.ends_with('\'')) return false;
  text.remove_suffix(1);
  while (text.ends_with('\\')) text.remove_suffix(1);
  return true;
}
bool TakeQuoteFromStart(std::string_view& text) {
  std::string_view rest = text;
  while (rest.starts_with('\\')) rest.remove_prefix(1);
  if (!rest.starts_with('"') && !rest.starts_with('\'')) return false;
  text = rest.substr(1);
  return true;
}

/// One place at which a tool's name stands as a word, and what is around it.
class Place {
 public:
  Place(std::string_view before, std::string_view after, const ToolSchema& tool)
      : line_start_(before.substr(before.rfind('\n') + 1)), before_(before), after_(after), tool_(tool) {
    while (before_.ends_with('.')) {  // functions.NAME, default_api.NAME
      before_.remove_suffix(1);
      before_.remove_suffix(LastWord(before_).size());
    }
    std::string_view left = before_;
    std::string_view right = after_;
    quoted_ = TakeQuoteFromEnd(left) && TakeQuoteFromStart(right);
    if (quoted_) before_ = left, after_ = right;
  }

  bool IsACall() const {
    return IsMember() || IsKey() || IsTag() || IsInTag() || IsLabelled() || HasArgumentsBehind() || IsInPython();
  }

 private:
  /// "name": "NAME", name="NAME"; not beside a description, which only a list of tools has.
  bool IsMember() const {
    if (!quoted_) return false;
    std::string_view left = TrimEnd(before_);
    if (!left.ends_with(':') && !left.ends_with('=')) return false;
    left = TrimEnd(left.substr(0, left.size() - 1));
    TakeQuoteFromEnd(left);
    return IsNameKey(LastWord(left)) && after_.substr(0, 400).find("description") == kNowhere;
  }
  /// "NAME": {
  bool IsKey() const {
    const std::string_view right = TrimStart(after_);
    return quoted_ && right.starts_with(':') && TrimStart(right.substr(1)).starts_with('{') &&
           StartsWithArgument(TrimStart(right.substr(1)).substr(1));
  }
  /// <NAME>
  bool IsTag() const {
    return before_.ends_with('<') && !after_.empty() && (after_[0] == '>' || after_[0] == ' ' || after_[0] == '/');
  }
  /// <tool>NAME</tool>, >NAME(
  bool IsInTag() const {
    const std::string_view left = TrimEnd(before_);
    if (!left.ends_with('>')) return false;
    if (TrimStart(after_).starts_with('(') && left.rfind('<') != kNowhere) return true;
    return TrimStart(after_).starts_with('<') && IsNameKey(LastWord(left.substr(0, left.size() - 1)));
  }

  /// Action: NAME, and below it Action Input: or an argument of the tool; Action: NAME[arguments], Action:
  /// NAME(arguments)
  bool IsLabelled() const {
    std::string_view label = line_start_;
    while (!label.empty() && IsMarkUp(label.front())) label.remove_prefix(1);
    const std::size_t colon = label.find(':');
    if (colon == kNowhere || !IsNameKey(Trim(label.substr(0, colon), " *`\"'"))) return false;
    if (!Trim(label.substr(colon + 1), " \t*`\"'").empty()) return false;
    const std::string_view behind = after_.substr(0, after_.find('\n'));
    if ((behind.starts_with('[') && behind.find(']') != kNowhere) ||
        (behind.starts_with('(') && behind.find(')') != kNowhere)) {
      return true;
    }
    const std::size_t end = after_.find('\n');
    if (end == kNowhere || !Trim(after_.substr(0, end), " \t\r*`\"'.,").empty()) return false;
    std::string_view below = after_.substr(end + 1);
    for (int line = 0; line < 3 && !below.empty(); ++line) {
      const std::size_t stop = std::min(below.find('\n'), below.size());
      if (IsArgumentLabel(below.substr(0, stop))) return true;
      below.remove_prefix(std::min(stop + 1, below.size()));
    }
    return false;
  }
  bool IsArgumentLabel(std::string_view line) const {
    while (!line.empty() && IsMarkUp(line.front())) line.remove_prefix(1);
    const std::size_t colon = line.find(':');
    if (colon == kNowhere) return false;
    const std::string_view label = Trim(line.substr(0, colon), " *`\"'");
    const Json* properties = tool_.parameters.Find("properties");
    return std::ranges::find(kArgumentLabels, AsciiLower(label)) != kArgumentLabels.end() ||
           (properties != nullptr && properties->Find(label) != nullptr);
  }

  /// NAME{"argument": and what templates put between the two.
  bool HasArgumentsBehind() const {
    const std::size_t brace = after_.substr(0, kArgumentsWithin).find('{');
    return brace != kNowhere && StartsWithArgument(after_.substr(brace + 1));
  }
  /// NAME(argument= anywhere, NAME( at the start of a line or where its value is printed, awaited or given a name.
  bool IsInPython() const {
    const std::string_view right = TrimStart(after_);
    if (!right.starts_with('(')) return false;
    const std::string_view left = Trim(line_start_, " \t`[<");
    const bool used = left.ends_with("print(") || left.ends_with('=') || left == "await" || left.ends_with(" await") ||
                      left == "return";
    return left.empty() || used || StartsWithArgument(right.substr(1));
  }

  /// Whether an argument of the tool comes next, with the sign that gives it its value.
  bool StartsWithArgument(std::string_view text) const {
    text = text.substr(0, 200);
    while (!text.empty() && !IsWord(text.front())) {
      if (text.front() == '}' || text.front() == ')') return false;
      text.remove_prefix(1);
    }
    const std::size_t end = static_cast<std::size_t>(std::ranges::find_if_not(text, IsWord) - text.begin());
    const std::string_view name = text.substr(0, end);
    const std::string_view sign = Trim(text.substr(end), " \t\r\n\"'\\|<>");
    const Json* properties = tool_.parameters.Find("properties");
    return properties != nullptr && properties->Find(name) != nullptr &&
           (sign.starts_with(':') || sign.starts_with('='));
  }

  std::string_view line_start_, before_, after_;
  const ToolSchema& tool_;
  bool quoted_ = false;
};

bool Calls(std::string_view text, const ToolSchema& tool) {
  if (tool.name.empty()) return false;
  std::size_t at = text.find(tool.name);
  for (std::size_t n = 0; at != kNowhere && n < kMostPlaces; ++n) {
    const std::size_t end = at + tool.name.size();
    const bool whole = (at == 0 || !IsWord(text[at - 1])) && (end == text.size() || !IsWord(text[end]));
    if (whole && Place(text.substr(0, at), text.substr(end), tool).IsACall()) return true;
    at = text.find(tool.name, end);
  }
  return false;
}

struct Respelled {
  std::string_view as;
  char sign;
};
// What pages, typography and Markdown put in place of the signs of JSON, tags and names.
constexpr std::array<Respelled, 10> kRespelled = {{{"&lt;", '<'},
                                                   {"&gt;", '>'},
                                                   {"&quot;", '"'},
                                                   {"&#34;", '"'},
                                                   {"&#39;", '\''},
                                                   {"&amp;", '&'},
                                                   {"\xE2\x80\x9C", '"'},
                                                   {"\xE2\x80\x9D", '"'},
                                                   {"\xE2\x80\x9E", '"'},
                                                   {"\\_", '_'}}};

/// The text with the signs themselves.
std::string WithPlainSigns(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const auto found = std::ranges::find_if(
        kRespelled, [&](const Respelled& candidate) { return text.substr(at).starts_with(candidate.as); });
    plain += found == kRespelled.end() ? text[at] : found->sign;
    at += found == kRespelled.end() ? 1 : found->as.size();
  }
  return plain;
}

}  // namespace

bool NamesACall(std::string_view text, const std::vector<ToolSchema>& tools) {
  const auto in = [&](std::string_view where) {
    return std::ranges::any_of(tools, [&](const ToolSchema& tool) { return Calls(where, tool); });
  };
  if (in(text)) return true;
  const bool respelled =
      std::ranges::any_of(kRespelled, [&](const Respelled& candidate) { return text.find(candidate.as) != kNowhere; });
  return respelled && in(WithPlainSigns(text));
}

}  // namespace xsweep
