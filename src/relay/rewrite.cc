// Rewriting what passes.
// SPDX-License-Identifier: Apache-2.0
#include "relay/rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_slices.h"
#include "models/lenient.h"
#include "models/stream.h"
#include "models/wire.h"
#include "relay/read_reply.h"

namespace xsweep {
namespace {

/// A piece of a JSON text and where it stands in the whole.
struct Slice {
  std::string_view text;
  std::size_t at = 0;
};

std::optional<Slice> Member(const Slice& object, std::string_view name) {
  std::optional<Slice> found;
  if (FirstOf(object.text) != '{') return found;
  static_cast<void>(
      ForEachMember(object.text, "body", [&](std::string_view key, std::string_view value, std::size_t at) {
        if (key == name) found = Slice{value, object.at + at};
        return Status();
      }));
  return found;
}

std::vector<Slice> Elements(const std::optional<Slice>& array) {
  std::vector<Slice> all;
  if (!array || FirstOf(array->text) != '[') return all;
  static_cast<void>(ForEachElement(array->text, "body", [&](std::string_view value, std::size_t at) {
    all.push_back({value, array->at + at});
    return Status();
  }));
  return all;
}

std::string TextOf(const std::optional<Slice>& slice) {
  if (!slice || FirstOf(slice->text) != '"') return {};
  const auto read = Json::Parse(slice->text);
  return read && read->is_string() ? read->AsString() : std::string();
}

/// The texts in a content of any shape, in the order in which ReadAsk joins them.
void CollectTexts(const Slice& content, int depth, std::vector<Slice>& texts) {
  const char first = FirstOf(content.text);
  if (first == '"') {
    texts.push_back(content);
  } else if (first == '[' && depth > 0) {
    for (const Slice& part : Elements(content)) CollectTexts(part, depth - 1, texts);
  } else if (first == '{' && depth > 0) {
    for (const std::string_view key : {"text", "content", "output"})
      if (const auto inner = Member(content, key)) return CollectTexts(*inner, depth - 1, texts);
  }
}

std::string_view ListName(Wire wire) { return wire == Wire::kResponses ? "input" : "messages"; }

/// The content of the result of that call.
std::optional<Slice> FindResult(Wire wire, std::string_view body, std::string_view call_id) {
  const auto entries = Elements(Member({body, 0}, ListName(wire)));
  for (const Slice& entry : entries) {
    if (wire == Wire::kChat && TextOf(Member(entry, "tool_call_id")) == call_id) return Member(entry, "content");
    if (wire == Wire::kResponses && TextOf(Member(entry, "call_id")) == call_id && Member(entry, "output"))
      return Member(entry, "output");
    if (wire != Wire::kMessages) continue;
    for (const Slice& block : Elements(Member(entry, "content")))
      if (TextOf(Member(block, "tool_use_id")) == call_id) return Member(block, "content");
  }
  return std::nullopt;
}

void Put(std::string& body, const Slice& where, std::string_view text) {
  std::string quoted;
  AppendJsonString(text, quoted);
  body.replace(where.at, where.text.size(), quoted);
}

Json WireNotice(Wire wire, const Denied& denied) {
  switch (wire) {
    case Wire::kChat:
      return Json::MakeObject({{"role", "tool"}, {"tool_call_id", denied.call.id}, {"content", denied.notice}});
    case Wire::kResponses:
      return Json::MakeObject(
          {{"type", "function_call_output"}, {"call_id", denied.call.id}, {"output", denied.notice}});
    case Wire::kMessages:
      return Json::MakeObject(
          {{"type", "tool_result"}, {"tool_use_id", denied.call.id}, {"content", denied.notice}, {"is_error", true}});
  }
  return {};
}

/// The reply as one JSON value, streamed or not.
Expected<Json> WholeReply(Wire wire, std::string_view body) {
  const std::string_view bare = BareBody(body);
  if (!IsEventStream(bare)) return ParseBody(bare);
  if (wire == Wire::kChat) return JoinChatStream(bare);
  return wire == Wire::kMessages ? JoinAnthropicStream(bare) : JoinResponsesStream(bare);
}

}  // namespace

Expected<std::string> ReplaceResult(Wire wire, std::string body, std::string_view call_id, std::string_view original,
                                    std::string_view shown) {
  std::vector<Slice> texts;
  if (const auto content = FindResult(wire, body, call_id)) CollectTexts(*content, 8, texts);
  if (texts.empty()) return EpisodeError(fmt::format("the result of {} has no text to rewrite", call_id), "relay");
  if (texts.size() > 1 && shown.starts_with(original)) {
    const std::string last = TextOf(texts.back());
    Put(body, texts.back(), last + std::string(shown.substr(original.size())));
    return body;
  }
  for (std::size_t i = texts.size(); i-- > 1;) Put(body, texts[i], "");  // from behind: places stay
  Put(body, texts.front(), shown);
  return body;
}

Expected<std::string> ReplaceDescription(Wire wire, std::string body, std::string_view tool, std::string_view shown) {
  const auto replace = [&](const Slice& holder) -> bool {
    if (TextOf(Member(holder, "name")) != tool) return false;
    if (const auto old = Member(holder, "description")) {
      Put(body, *old, shown);
    } else {
      std::string member = "\"description\":";
      AppendJsonString(shown, member);
      body.insert(body.find('{', holder.at) + 1, member + ",");
    }
    return true;
  };
  for (const Slice& entry : Elements(Member({body, 0}, "tools"))) {
    if (wire == Wire::kChat) {
      const auto function = Member(entry, "function");
      if (function && replace(*function)) return body;
      continue;
    }
    if (replace(entry)) return body;
    for (const Slice& inner : Elements(Member(entry, "tools")))
      if (replace(inner)) return body;
  }
  return EpisodeError(fmt::format("the tool {} is not offered", tool), "relay");
}

Expected<Json> HiddenEntries(Wire wire, std::string_view reply_body, std::span<const Denied> denied) {
  TRY_ASSIGN(const Json reply, WholeReply(wire, reply_body));
  Json entries = Json::MakeArray();
  if (wire == Wire::kChat) {
    Json message = *reply.Find("choices")->items().at(0).Find("message");
    message.Set("role", "assistant");
    entries.Append(std::move(message));
  } else if (wire == Wire::kResponses) {
    if (const Json* output = reply.Find("output"))
      for (const Json& item : output->items()) entries.Append(item);
  } else {
    const Json* content = reply.Find("content");
    entries.Append(Json::MakeObject({{"role", "assistant"}, {"content", content == nullptr ? Json() : *content}}));
  }
  Json notices = Json::MakeArray();
  for (const Denied& one : denied) notices.Append(WireNotice(wire, one));
  if (wire == Wire::kMessages) {
    entries.Append(Json::MakeObject({{"role", "user"}, {"content", std::move(notices)}}));
  } else {
    for (const Json& notice : notices.items()) entries.Append(notice);
  }
  return entries;
}

std::size_t EntriesOf(Wire wire, const Json& body) {
  const Json* list = body.Find(ListName(wire));
  return list == nullptr ? 0 : list->is_array() ? list->size() : 1;
}

Expected<std::string> InsertTurns(Wire wire, const std::string& body, std::span<const HiddenTurn> turns) {
  if (turns.empty()) return body;
  TRY_ASSIGN(Json whole, ParseBody(body));
  const Json* given = whole.Find(ListName(wire));
  if (given == nullptr) return EpisodeError("the request has no history", "relay");
  const Json own =
      given->is_array() ? *given : Json::MakeArray({Json::MakeObject({{"role", "user"}, {"content", *given}})});
  Json list = Json::MakeArray();
  for (std::size_t i = 0; i <= own.size(); ++i) {
    for (const HiddenTurn& turn : turns)
      if (turn.place == i)
        for (const Json& entry : turn.entries.items()) list.Append(entry);
    if (i < own.size()) list.Append(own.items()[i]);
  }
  whole.Set(ListName(wire), std::move(list));
  return whole.Dump();
}

}  // namespace xsweep
