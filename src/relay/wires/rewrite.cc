// Rewriting what an agent asks.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/rewrite.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/json_slices.h"
#include "relay/wires/slices.h"

namespace xsweep {
namespace {

/// A text in a content, and the part of the content that it belongs to.
struct Leaf {
  Slice text;
  std::size_t part = 0;
};

/// The texts in a content of any shape, in the order in which ReadAsk joins them.
void CollectTexts(const Slice& content, int depth, std::size_t part, std::vector<Leaf>& leaves) {
  const char first = FirstOf(content.text);
  if (first == '"') {
    leaves.push_back({content, part});
  } else if (first == '[' && depth > 0) {
    for (const Slice& inner : Elements(content)) CollectTexts(inner, depth - 1, part, leaves);
  } else if (first == '{' && depth > 0) {
    for (const std::string_view key : {"text", "content", "output"})
      if (const auto inner = Member(content, key)) return CollectTexts(*inner, depth - 1, part, leaves);
  }
}

std::vector<Leaf> LeavesOf(const std::optional<Slice>& content) {
  std::vector<Leaf> leaves;
  if (!content) return leaves;
  const std::vector<Slice> parts = Elements(content);
  if (parts.empty()) CollectTexts(*content, 8, 0, leaves);
  for (std::size_t i = 0; i < parts.size(); ++i) CollectTexts(parts[i], 8, i, leaves);
  return leaves;
}

/// `shown` at the first text, and no other part with a text beside it: one of the providers takes no empty texts.
void PutInstead(const Slice& content, const std::vector<Leaf>& leaves, std::string_view shown, Edits& edits) {
  const std::vector<Slice> parts = Elements(content);
  std::vector<bool> gone(parts.size(), false);
  for (const Leaf& leaf : leaves) {
    if (leaf.part != leaves.front().part) {
      gone[leaf.part] = true;
    } else {
      edits.Replace(leaf.text, JsonText(leaf.text.at == leaves.front().text.at ? shown : "..."));
    }
  }
  edits.Erase(parts, gone);
}

/// The content of the result of that call.
std::optional<Slice> FindResult(Wire wire, std::string_view body, std::string_view call_id) {
  for (const Slice& entry : Elements(Member(Slice{body}, HistoryName(wire)))) {
    if (wire == Wire::kChat && TextOf(Member(entry, "tool_call_id")) == call_id) return Member(entry, "content");
    if (wire == Wire::kResponses && TextOf(Member(entry, "call_id")) == call_id && Member(entry, "output"))
      return Member(entry, "output");
    if (wire != Wire::kMessages) continue;
    for (const Slice& block : Elements(Member(entry, "content")))
      if (TextOf(Member(block, "tool_use_id")) == call_id) return Member(block, "content");
  }
  return std::nullopt;
}

/// What of the body describes that tool.
std::optional<Slice> FindTool(Wire wire, std::string_view body, std::string_view tool) {
  const auto named = [&](const std::optional<Slice>& holder) { return TextOf(Member(holder, "name")) == tool; };
  for (const Slice& entry : Elements(Member(Slice{body}, "tools"))) {
    const auto holder = wire == Wire::kChat ? Member(entry, "function") : std::optional(entry);
    if (named(holder)) return holder;
    for (const Slice& inner : Elements(Member(entry, "tools")))
      if (named(inner)) return inner;
  }
  return std::nullopt;
}

}  // namespace

std::string_view HistoryName(Wire wire) { return wire == Wire::kResponses ? "input" : "messages"; }

Expected<std::string> ReplaceResult(Wire wire, std::string body, std::string_view call_id, std::string_view original,
                                    std::string_view shown) {
  const auto content = FindResult(wire, body, call_id);
  const std::vector<Leaf> leaves = LeavesOf(content);
  if (leaves.empty()) return EpisodeError(fmt::format("the result of {} has no text to rewrite", call_id), "relay");
  Edits edits;
  if (leaves.size() > 1 && shown.starts_with(original)) {
    const Slice& last = leaves.back().text;
    edits.Replace(last, JsonText(TextOf(last) + std::string(shown.substr(original.size()))));
  } else {
    PutInstead(*content, leaves, shown, edits);
  }
  return edits.ApplyTo(body);
}

Expected<std::string> ReplaceDescription(Wire wire, std::string body, std::string_view tool, std::string_view shown) {
  const auto holder = FindTool(wire, body, tool);
  if (!holder) return EpisodeError(fmt::format("the tool {} is not offered", tool), "relay");
  Edits edits;
  if (const auto old = Member(holder, "description")) {
    edits.Replace(*old, JsonText(shown));
  } else {
    edits.Insert(body.find('{', holder->at) + 1, "\"description\":" + JsonText(shown) + ",");
  }
  return edits.ApplyTo(body);
}

}  // namespace xsweep
