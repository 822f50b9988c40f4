// Calls that a defense has denied: cut out of replies, put back into histories.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/denied_calls.h"

#include <algorithm>
#include <utility>

#include "base/json_slices.h"
#include "models/replies/lenient.h"
#include "models/replies/stream.h"
#include "relay/wires/cut_stream.h"
#include "relay/wires/responses_stream.h"
#include "relay/wires/rewrite.h"
#include "relay/wires/slices.h"

namespace xsweep {
namespace {

/// The reply as one JSON value, streamed or not.
Expected<Json> WholeReply(Wire wire, std::string_view body) {
  const std::string_view bare = BareBody(body);
  if (!IsEventStream(bare)) return ParseBody(bare);
  if (wire == Wire::kChat) return JoinChatStream(bare);
  return wire == Wire::kMessages ? JoinAnthropicStream(bare) : JoinResponsesStream(bare);
}

/// The message of a reply on Chat's wire; nullptr without one.
const Json* ChatMessage(const Json& reply) {
  const Json* choices = reply.Find("choices");
  const bool any = choices != nullptr && choices->is_array() && choices->size() > 0;
  return any ? choices->items().front().Find("message") : nullptr;
}

std::string_view IdName(Wire wire) { return wire == Wire::kResponses ? "call_id" : "id"; }

/// Whether an item or a block is a call. The result of one has its id as well.
bool IsCall(Wire wire, std::string_view type) {
  return wire == Wire::kMessages ? type == "tool_use" : type == "function_call" || type == "custom_tool_call";
}

/// A message of Chat as it may stand in a request: what only replies have is left out, what only streams leave out is
/// put in.
Json ChatHistory(const Json& message) {
  Json own = Json::MakeObject({{"role", "assistant"}, {"content", Json()}});
  for (const auto& [key, value] : message.members()) {
    const bool only_in_replies = key == "annotations" || (value.is_null() && key != "content");
    if (key != "role" && !only_in_replies) own.Set(key, value);
  }
  Json* calls = own.FindMutable("tool_calls");
  for (std::size_t i = 0; calls != nullptr && calls->is_array() && i < calls->size(); ++i) {
    Json& call = calls->MutableItem(i);
    call.Erase("index");
    if (call.Find("type") == nullptr) call.Set("type", "function");
  }
  return own;
}

/// Items of Responses as they may stand in a request. Thought that came without its content is known by its id alone,
/// to a provider that keeps it, which not every client lets it; what refers to it goes without.
Json ResponsesHistory(std::vector<Json> items) {
  const auto unsaid = [](const Json& item) {
    return item.StringOr("type", "") == "reasoning" && item.StringOr("encrypted_content", "").empty();
  };
  if (std::erase_if(items, unsaid) > 0)
    for (Json& item : items) item.Erase("id");
  return Json::MakeArray(std::move(items));
}

/// Everything of the model's turn, in the order in which it stands: items, blocks, or the calls of a message.
std::vector<Json> PiecesOf(Wire wire, const Json& reply) {
  Json holder = reply;
  if (wire == Wire::kChat) {
    const Json* message = ChatMessage(reply);
    holder = message == nullptr ? Json() : ChatHistory(*message);
  }
  const Json* list = holder.Find(wire == Wire::kChat ? "tool_calls" : wire == Wire::kResponses ? "output" : "content");
  return list != nullptr && list->is_array() ? list->items() : std::vector<Json>();
}

/// The calls among the pieces of a reply that is not streamed.
std::vector<Slice> ListOf(Wire wire, std::string_view body) {
  const Slice reply{body};
  if (wire == Wire::kResponses) return Elements(Member(reply, "output"));
  if (wire == Wire::kMessages) return Elements(Member(reply, "content"));
  const auto choices = Elements(Member(reply, "choices"));
  return choices.empty() ? choices : Elements(Member(Member(choices.front(), "message"), "tool_calls"));
}

/// How many bytes the body has from its first one that says something.
std::size_t Behind(std::string_view body) {
  const std::string_view bare = BareBody(body);
  return bare.empty() ? 0 : static_cast<std::size_t>(body.data() + body.size() - bare.data());
}

std::unexpected<Error> NotThere(const std::string& id) {
  return EpisodeError("the call `" + id + "` is not in the reply that it was read from", "relay");
}

Json NoticeEntry(Wire wire, const DecidedCall& call) {
  switch (wire) {
    case Wire::kChat: return Json::MakeObject({{"role", "tool"}, {"tool_call_id", call.id}, {"content", call.notice}});
    case Wire::kResponses: {
      const bool custom = call.entry.StringOr("type", "") == "custom_tool_call";
      return Json::MakeObject({{"type", custom ? "custom_tool_call_output" : "function_call_output"},
                               {"call_id", call.id},
                               {"output", call.notice}});
    }
    case Wire::kMessages:
      return Json::MakeObject(
          {{"type", "tool_result"}, {"tool_use_id", call.id}, {"content", call.notice}, {"is_error", true}});
  }
  return {};
}

/// The notices on a turn's denied calls, each with a comma, which stands before or behind it.
std::string Notices(Wire wire, std::span<const DecidedCall> turn, bool comma_first) {
  std::string text;
  for (const DecidedCall& call : turn) {
    if (!call.denied) continue;
    const std::string entry = NoticeEntry(wire, call).Dump();
    text += comma_first ? "," + entry : entry + ",";
  }
  return text;
}

bool LetPass(std::span<const DecidedCall> turn, const std::string& id) {
  return !id.empty() &&
         std::ranges::any_of(turn, [&](const DecidedCall& call) { return !call.denied && call.id == id; });
}

/// Puts the denied calls among those of the list that were let pass, in the order in which the model made them.
/// `pieces` are the list's elements that are such calls.
void InsertCalls(std::span<const DecidedCall> turn, const std::vector<Slice>& pieces,
                 const std::vector<std::string>& ids, Edits& edits) {
  for (std::size_t i = 0; i < turn.size(); ++i) {
    if (!turn[i].denied) continue;
    const std::string entry = turn[i].entry.Dump();
    bool before = false;
    for (std::size_t later = i + 1; later < turn.size() && !before; ++later) {
      const auto found = turn[later].denied ? ids.end() : std::ranges::find(ids, turn[later].id);
      before = found != ids.end();
      if (before) edits.Insert(pieces[static_cast<std::size_t>(found - ids.begin())].at, entry + ",");
    }
    if (!before) edits.Insert(pieces.back().end(), "," + entry);
  }
}

/// Those of the elements that are calls of that turn and were let pass, with their ids.
struct Found {
  std::vector<Slice> pieces;
  std::vector<std::string> ids;
};
Found CallsAmong(Wire wire, const std::vector<Slice>& elements, std::span<const DecidedCall> turn) {
  Found found;
  for (const Slice& element : elements) {
    if (wire != Wire::kChat && !IsCall(wire, TextOf(Member(element, "type")))) continue;
    std::string id = TextOf(Member(element, IdName(wire)));
    if (!LetPass(turn, id)) continue;
    found.pieces.push_back(element);
    found.ids.push_back(std::move(id));
  }
  return found;
}

void RestoreInChat(const std::vector<Slice>& history, std::span<const DecidedCall> turn, Edits& edits) {
  for (const Slice& message : history) {
    const Found found = CallsAmong(Wire::kChat, Elements(Member(message, "tool_calls")), turn);
    if (found.pieces.empty()) continue;
    InsertCalls(turn, found.pieces, found.ids, edits);
    edits.Insert(message.end(), Notices(Wire::kChat, turn, true));
  }
}

void RestoreInResponses(const std::vector<Slice>& history, std::span<const DecidedCall> turn, Edits& edits) {
  const Found found = CallsAmong(Wire::kResponses, history, turn);
  const auto result = std::ranges::find_if(history, [&](const Slice& item) {
    return Member(item, "output") && LetPass(turn, TextOf(Member(item, "call_id")));
  });
  if (found.pieces.empty() || result == history.end()) return;
  InsertCalls(turn, found.pieces, found.ids, edits);
  edits.Insert(result->at, Notices(Wire::kResponses, turn, false));
}

// Results stand at the beginning of the user's next message.
void RestoreInMessages(const std::vector<Slice>& history, std::span<const DecidedCall> turn, Edits& edits) {
  for (std::size_t i = 0; i + 1 < history.size(); ++i) {
    const Found found = CallsAmong(Wire::kMessages, Elements(Member(history[i], "content")), turn);
    const auto results = Elements(Member(history[i + 1], "content"));
    if (found.pieces.empty() || results.empty()) continue;
    InsertCalls(turn, found.pieces, found.ids, edits);
    edits.Insert(results.front().at, Notices(Wire::kMessages, turn, false));
  }
}

}  // namespace

Expected<std::vector<DecidedCall>> CallsOf(Wire wire, std::string_view reply_body,
                                           const std::set<std::string>& denied) {
  TRY_ASSIGN(const Json reply, WholeReply(wire, reply_body));
  std::set<std::string> missing = denied;
  std::vector<DecidedCall> calls;
  for (Json& piece : PiecesOf(wire, reply)) {
    if (wire != Wire::kChat && !IsCall(wire, piece.StringOr("type", ""))) continue;
    std::string id(piece.StringOr(IdName(wire), ""));
    missing.erase(id);
    const bool was_denied = denied.contains(id);
    calls.push_back({.id = std::move(id), .entry = std::move(piece), .denied = was_denied});
  }
  if (!missing.empty()) return NotThere(*missing.begin());
  return calls;
}

Expected<std::string> CutCalls(Wire wire, std::string_view reply_body, const std::set<std::string>& ids) {
  // Without what stands before it; its end stays, because an event without its blank line is none.
  const std::string_view bare = reply_body.substr(reply_body.size() - Behind(reply_body));
  std::set<std::string> missing = ids;
  std::string out;
  if (IsEventStream(bare)) {
    out = CutFromStream(wire, bare, missing);
  } else {
    const auto pieces = ListOf(wire, bare);
    std::vector<bool> gone;
    for (const Slice& piece : pieces) {
      const std::string id = TextOf(Member(piece, IdName(wire)));
      gone.push_back(ids.contains(id));
      missing.erase(id);
    }
    Edits edits;
    edits.Erase(pieces, gone);
    out = edits.ApplyTo(bare);
  }
  if (!missing.empty()) return NotThere(*missing.begin());
  return out;
}

std::string RestoreCalls(Wire wire, std::string body, std::span<const DecidedCall> turn) {
  const auto history = Elements(Member(Slice{body}, HistoryName(wire)));
  Edits edits;
  switch (wire) {
    case Wire::kChat: RestoreInChat(history, turn, edits); break;
    case Wire::kResponses: RestoreInResponses(history, turn, edits); break;
    case Wire::kMessages: RestoreInMessages(history, turn, edits); break;
  }
  return edits.empty() ? std::move(body) : edits.ApplyTo(body);
}

Expected<Json> HiddenEntries(Wire wire, std::string_view reply_body, std::span<const DecidedCall> turn) {
  TRY_ASSIGN(const Json reply, WholeReply(wire, reply_body));
  Json entries = Json::MakeArray();
  if (wire == Wire::kChat) {
    const Json* message = ChatMessage(reply);
    if (message == nullptr) return EpisodeError("the reply has no message", "relay");
    entries.Append(ChatHistory(*message));
  } else if (wire == Wire::kResponses) {
    entries = ResponsesHistory(PiecesOf(wire, reply));
  } else {
    entries.Append(Json::MakeObject({{"role", "assistant"}, {"content", Json::MakeArray(PiecesOf(wire, reply))}}));
  }
  Json notices = Json::MakeArray();
  for (const DecidedCall& call : turn)
    if (call.denied) notices.Append(NoticeEntry(wire, call));
  if (wire == Wire::kMessages) {
    entries.Append(Json::MakeObject({{"role", "user"}, {"content", std::move(notices)}}));
  } else {
    for (const Json& notice : notices.items()) entries.Append(notice);
  }
  return entries;
}

std::size_t EntriesOf(Wire wire, const Json& body) {
  const Json* list = body.Find(HistoryName(wire));
  return list == nullptr ? 0 : list->is_array() ? list->size() : 1;
}

Expected<std::string> InsertTurns(Wire wire, const std::string& body, std::span<const HiddenTurn> turns) {
  if (turns.empty()) return body;
  const auto list = Member(Slice{body}, HistoryName(wire));
  const auto own = Elements(list);
  Edits edits;
  // A history that is one text is the list of that one message.
  const bool one_text = list && FirstOf(list->text) == '"';
  if (own.empty() && !one_text) return EpisodeError("the request has no history", "relay");
  const std::size_t entries = one_text ? 1 : own.size();
  if (one_text) edits.Insert(list->at, R"([{"role":"user","content":)");
  if (one_text) edits.Insert(list->end(), "}");
  for (const HiddenTurn& turn : turns) {
    for (const Json& entry : turn.entries.items()) {
      if (turn.place < entries && !one_text) edits.Insert(own[turn.place].at, entry.Dump() + ",");
      if (turn.place >= entries) edits.Insert(one_text ? list->end() : own.back().end(), "," + entry.Dump());
    }
  }
  if (one_text) edits.Insert(list->end(), "]");
  return edits.ApplyTo(body);
}

}  // namespace xsweep
