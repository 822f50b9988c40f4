// Streams: answers that came as an event stream although nobody asked for one, put together again.
// SPDX-License-Identifier: Apache-2.0
#include "models/replies/stream.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/characters.h"
#include "models/replies/lenient.h"

namespace xsweep {
namespace {

constexpr std::string_view kDone = "[DONE]";
constexpr std::size_t kMostChoices = 64;
constexpr std::size_t kMostCalls = 100'000;

struct StreamedEvents {
  std::vector<Json> events;  ///< in order; [DONE] as the text of that name
  bool words = false;        ///< there was one that is no JSON: a keep-alive, or an error in plain words
  bool torn = false;         ///< there was one that begins like JSON and is none: a piece of the answer is lost
};

/// An event by the name of `error` is one, whatever its data looks like.
Json NamedError(const Json& event) {
  return event.Find("error") != nullptr ? event : Json::MakeObject({{"error", event}});
}

StreamedEvents Events(std::string_view body) {
  StreamedEvents streamed;
  std::string data;
  bool named_error = false;
  const auto flush = [&] {
    auto event = data == kDone ? Expected<Json>(Json(kDone)) : ParseBody(data);
    if (event && (event->is_object() || data == kDone)) {
      streamed.events.push_back(named_error ? NamedError(*event) : std::move(*event));
    } else if (!event && named_error) {
      streamed.events.push_back(NamedError(Json(data)));
    } else if (!event) {
      (data.starts_with('{') ? streamed.torn : streamed.words) = true;
    }
    data.clear();
    named_error = false;
  };
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    std::string_view line = body.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    at = end + 1;
    if (line.empty() && !data.empty()) flush();
    if (line.starts_with("event:")) named_error = Trim(line.substr(6)) == "error";
    if (!line.starts_with("data:")) continue;
    line.remove_prefix(5);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!data.empty()) data += '\n';
    data += line;
  }
  if (!data.empty()) flush();
  return streamed;
}

/// vLLM says so in `object`.
bool IsError(const Json& event) {
  const Json* error = event.Find("error");
  return event.StringOr("type", "") == "error" || event.StringOr("object", "") == "error" ||
         (error != nullptr && ((error->is_object() && error->size() > 0) || error->is_string()));
}

std::unexpected<Error> BrokenOff() {
  return EpisodeError("the reply of the model server cannot be used: its stream ended before it was finished");
}
std::unexpected<Error> Torn() {
  return EpisodeError("the reply of the model server cannot be used: a piece of its stream cannot be read");
}

/// Ollama's and other servers' word for "not yet" is "", where the API has null.
bool SaysNothing(const Json* word) {
  return word == nullptr || word->is_null() || (word->is_string() && word->AsString().empty());
}

/// One message as its pieces come in. Text is gathered apart, because adding to a Json's text copies it each time.
class Gathered {
 public:
  void Add(std::string_view key, const Json& value) {
    if (value.is_string()) {
      TextOf(key) += value.AsString();
    } else if (value.is_array()) {
      Json* list = others_.FindMutable(key);
      if (list == nullptr) list = &others_.Set(key, Json::MakeArray());
      for (const Json& item : value.items()) list->Append(item);
    } else if (!value.is_null()) {
      others_.Set(key, value);
    }
  }
  Json ToJson() const {
    Json json = others_;
    for (const auto& [key, text] : texts_) json.Set(key, text);
    return json;
  }
  std::string& TextOf(std::string_view key) {
    const auto found = std::ranges::find(texts_, key, &std::pair<std::string, std::string>::first);
    return found != texts_.end() ? found->second : texts_.emplace_back(std::string(key), std::string()).second;
  }

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
  Json others_ = Json::MakeObject();
};

struct GatheredCall {
  Gathered call, function;
  std::string arguments;
  Json whole_arguments{};

  void Add(const Json& delta) {
    for (const auto& [key, value] : delta.members()) {
      if (key == "index" || key == "type") continue;
      if (key == "function" && value.is_object()) {
        AddFunction(value);
      } else if (key != "id" || call.TextOf("id").empty()) {  // some repeat the id in every piece
        call.Add(key, value);
      }
    }
  }
  void AddFunction(const Json& delta) {
    for (const auto& [key, value] : delta.members()) {
      if (key == "arguments" && value.is_string()) {
        arguments += value.AsString();
      } else if (key == "arguments") {
        whole_arguments = value;
      } else if (key == "name" && value.is_string()) {
        AddName(value.AsString());
      } else {
        function.Add(key, value);
      }
    }
  }
  /// Some servers cut a name into pieces, some repeat it in every piece, some say more of it each time.
  void AddName(const std::string& piece) {
    std::string& name = function.TextOf("name");
    const bool again = piece.starts_with(name);
    name = again ? piece : name + piece;
  }
  Json ToJson() const {
    Json json = call.ToJson();
    Json inner = function.ToJson();
    inner.Set("arguments", arguments.empty() && whole_arguments.is_object() ? whole_arguments : Json(arguments));
    json.Set("function", std::move(inner));
    return json;
  }
};

struct GatheredChoice {
  Gathered message;
  std::vector<GatheredCall> calls;
  bool doubled = false;  ///< calls share an index
  Json finish{};
  Json error{};

  void Add(const Json& choice) {
    const Json* delta = choice.Find("delta");
    if (delta == nullptr) delta = choice.Find("message");
    for (std::size_t i = 0; delta != nullptr && i < (delta->is_object() ? delta->size() : 0); ++i) {
      const auto& [key, value] = delta->members()[i];
      if (key == "tool_calls") {
        AddCalls(value);
      } else if (key != "role") {
        message.Add(key, value);
      }
    }
    if (const Json* reason = choice.Find("finish_reason"); !SaysNothing(reason)) finish = *reason;
    if (const Json* fault = choice.Find("error"); fault != nullptr && !fault->is_null()) error = *fault;
  }
  /// Some servers count every call of a turn as the first: another id beside a name begins another call, and a piece
  /// without an id goes on with the last of them.
  std::size_t PlaceOf(std::size_t stated, const Json& piece) {
    if (stated >= calls.size()) return stated;
    const std::string_view id = piece.StringOr("id", "");
    const Json* function = piece.Find("function");
    const bool named = function != nullptr && !function->StringOr("name", "").empty();
    if (id.empty()) return doubled ? calls.size() - 1 : stated;
    const std::size_t recent = calls.size() - std::min<std::size_t>(calls.size(), 64);
    for (std::size_t i = calls.size(); i > recent; --i) {
      if (calls[i - 1].call.TextOf("id") == id) return i - 1;
    }
    const std::string& known = calls[stated].call.TextOf("id");
    if (!named || known.empty() || known == id) return stated;
    doubled = true;
    return calls.size();
  }
  void AddCalls(const Json& list) {
    for (std::size_t i = 0; list.is_array() && i < list.size(); ++i) {
      const Json& piece = list.items()[i];
      if (!piece.is_object()) continue;
      const std::int64_t stated = piece.IntOr("index", -1);
      // Without an index a piece with an id begins a call, and one without goes on with the last.
      const bool begins = stated < 0 && (calls.empty() || !piece.StringOr("id", "").empty());
      std::size_t place = calls.empty() ? 0 : calls.size() - 1;
      if (stated >= 0) place = PlaceOf(static_cast<std::size_t>(stated), piece);
      if (begins) place = calls.size();
      if (place >= kMostCalls) continue;
      if (place >= calls.size()) calls.resize(place + 1);
      calls[place].Add(piece);
    }
  }
  Json ToJson() const {
    Json whole = message.ToJson();
    Json list = Json::MakeArray();
    for (const GatheredCall& call : calls) list.Append(call.ToJson());
    if (list.size() > 0) whole.Set("tool_calls", std::move(list));
    Json choice = Json::MakeObject({{"message", std::move(whole)}, {"finish_reason", finish}});
    if (!error.is_null()) choice.Set("error", error);
    return choice;
  }
};

/// A block of a Messages reply as its deltas come in.
struct GatheredBlock {
  Json start = Json::MakeObject();
  std::string text, input;
  std::string signature;

  void Add(const Json& delta) {
    text += delta.StringOr("text", delta.StringOr("thinking", ""));
    input += delta.StringOr("partial_json", "");
    signature += delta.StringOr("signature", "");
  }
  Json ToJson() const {
    Json block = start;
    const std::string_view type = start.StringOr("type", "");
    for (const std::string_view kind : {"text", "thinking"}) {
      if (type == kind) block.Set(kind, std::string(start.StringOr(kind, "")) + text);
    }
    if (!signature.empty()) block.Set("signature", std::string(start.StringOr("signature", "")) + signature);
    if (!input.empty()) {
      auto whole = ParseBody(input);
      block.Set("input", whole && whole->is_object() ? std::move(*whole) : Json(input));
    }
    return block;
  }
};

void Overlay(const Json* more, Json& whole) {
  for (std::size_t i = 0; more != nullptr && more->is_object() && i < more->size(); ++i) {
    if (!more->members()[i].second.is_null()) whole.Set(more->members()[i].first, more->members()[i].second);
  }
}

/// Counts only grow: some gateways end with a zero for what they have counted at the beginning, or the other way round.
void OverlayUsage(const Json* more, Json& usage) {
  const Json before = usage;
  Overlay(more, usage);
  for (const auto& [key, value] : before.members()) {
    const Json* now = usage.Find(key);
    if (value.is_int() && now->is_int() && value.AsInt() > now->AsInt()) usage.Set(key, value);
  }
}

}  // namespace

bool IsEventStream(std::string_view body) {
  return body.starts_with("data:") || body.starts_with("event:") || body.starts_with("id:") ||
         body.starts_with("retry:");
}

Expected<Json> JoinChatStream(std::string_view body) {
  std::vector<GatheredChoice> choices;
  Json whole = Json::MakeObject();
  bool done = false;
  const StreamedEvents streamed = Events(body);
  for (const Json& event : streamed.events) {
    if (event.is_string()) {
      done = true;
      continue;
    }
    if (IsError(event)) return event;
    for (const std::string_view key : {"model", "usage", "x_groq", "id"}) {
      if (const Json* value = event.Find(key); value != nullptr && !value->is_null()) whole.Set(key, *value);
    }
    const Json* list = event.Find("choices");
    for (std::size_t i = 0; list != nullptr && list->is_array() && i < list->size(); ++i) {
      const std::int64_t place = list->items()[i].IntOr("index", 0);
      if (place < 0 || static_cast<std::size_t>(place) >= kMostChoices || !list->items()[i].is_object()) continue;
      if (static_cast<std::size_t>(place) >= choices.size()) choices.resize(static_cast<std::size_t>(place) + 1);
      choices[static_cast<std::size_t>(place)].Add(list->items()[i]);
    }
  }
  const auto unfinished = [](const GatheredChoice& choice) {
    return choice.finish.is_null() && choice.error.is_null();
  };
  // Without a word for its end [DONE] has to do, but not where something may have gone wrong before it.
  const bool ended = done && !streamed.words;
  if (choices.empty() || (!ended && std::ranges::any_of(choices, unfinished))) return BrokenOff();
  if (streamed.torn) return Torn();
  Json list = Json::MakeArray();
  for (const GatheredChoice& choice : choices) list.Append(choice.ToJson());
  whole.Set("choices", std::move(list));
  return whole;
}

Expected<Json> JoinAnthropicStream(std::string_view body) {
  Json whole = Json::MakeObject();
  Json usage = Json::MakeObject();
  std::vector<GatheredBlock> blocks;
  bool ended = false;
  const StreamedEvents streamed = Events(body);
  for (const Json& event : streamed.events) {
    if (event.is_string()) continue;
    if (IsError(event)) return event;
    const std::string_view type = event.StringOr("type", "");
    const std::int64_t place = event.IntOr("index", 0);
    const auto at = static_cast<std::size_t>(place);
    if (place < 0 || at >= kMostCalls) continue;
    if (type == "message_start") {
      if (const Json* message = event.Find("message"); message != nullptr && message->is_object()) {
        whole = *message;
        OverlayUsage(message->Find("usage"), usage);
      }
    } else if (type == "content_block_start") {
      if (at >= blocks.size()) blocks.resize(at + 1);
      if (const Json* block = event.Find("content_block"); block != nullptr && block->is_object()) {
        blocks[at].start = *block;
      }
    } else if (type == "content_block_delta" && at < blocks.size()) {
      if (const Json* delta = event.Find("delta")) blocks[at].Add(*delta);
    } else if (type == "message_delta") {
      if (const Json* delta = event.Find("delta")) Overlay(delta, whole);
      OverlayUsage(event.Find("usage"), usage);
    }
    ended = ended || type == "message_stop" || !whole.StringOr("stop_reason", "").empty();
  }
  if (!ended) return BrokenOff();
  if (streamed.torn) return Torn();
  Json content = Json::MakeArray();
  for (const GatheredBlock& block : blocks) content.Append(block.ToJson());
  whole.Set("content", std::move(content));
  if (usage.size() > 0) whole.Set("usage", std::move(usage));
  return whole;
}

}  // namespace xsweep
