// Streams of Responses, put together again.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/responses_stream.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "models/replies/lenient.h"
#include "net/event_stream.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostItems = 100'000;

bool IsCallType(std::string_view type) { return type == "function_call" || type == "custom_tool_call"; }

/// One item as its events come in.
struct StreamedItem {
  std::int64_t index = -1;
  std::string id;
  Json item = Json::MakeObject();
  bool done = false;
  std::string given, text;  ///< of a call, of a message

  std::string_view type() const { return item.StringOr("type", ""); }
  std::string_view call_id() const { return item.StringOr("call_id", ""); }
  Json Whole() const {
    Json whole = item;
    if (done) return whole;
    if (IsCallType(type())) whole.Set(type() == "function_call" ? "arguments" : "input", given);
    if (type() == "message") {
      Json part = Json::MakeObject({{"type", "output_text"}, {"text", text}});
      whole.Set("content", Json::MakeArray({std::move(part)}));
    }
    return whole;
  }
};

/// What a stream says of its items before its last event.
class StreamedItems {
 public:
  void Take(std::string_view type, const Json& data) {
    const Json* item = data.Find("item");
    const bool done = type == "response.output_item.done";
    if ((done || type == "response.output_item.added") && item != nullptr && item->is_object()) {
      TakeItem(data, *item, done);
    } else if (type == "response.function_call_arguments.delta" || type == "response.custom_tool_call_input.delta") {
      if (StreamedItem* of = Of(data)) of->given += data.StringOr("delta", "");
    } else if (type == "response.function_call_arguments.done") {
      if (StreamedItem* of = Of(data)) of->given = data.StringOr("arguments", of->given);
    } else if (type == "response.custom_tool_call_input.done") {
      if (StreamedItem* of = Of(data)) of->given = data.StringOr("input", of->given);
    } else if (type == "response.output_text.delta") {
      TakeText(data);
    }
  }

  /// The response with what was streamed and does not stand in it.
  Json Complete(Json response) const {
    const Json* stated = response.Find("output");
    Json output = stated != nullptr && stated->is_array() ? *stated : Json::MakeArray();
    const bool empty = output.size() == 0;
    for (const StreamedItem& one : items_) {
      const bool lost = IsCallType(one.type()) && !one.call_id().empty() && !Holds(output, one.call_id());
      if (empty || lost) output.Append(one.Whole());
    }
    if (stated != nullptr || output.size() > 0) response.Set("output", std::move(output));
    return response;
  }

 private:
  static bool Holds(const Json& output, std::string_view call_id) {
    return std::ranges::any_of(output.items(),
                               [&](const Json& item) { return item.StringOr("call_id", "") == call_id; });
  }
  /// By the index where there is one: some servers give an item another id in every event.
  StreamedItem* Of(const Json& data) {
    const std::int64_t index = data.IntOr("output_index", -1);
    const std::string_view id = data.StringOr("item_id", "");
    const auto same = [&](const StreamedItem& one) { return index >= 0 ? one.index == index : one.id == id; };
    const auto found = std::find_if(items_.rbegin(), items_.rend(), same);
    return found != items_.rend() ? &*found : nullptr;
  }
  void TakeItem(const Json& data, const Json& item, bool done) {
    const std::int64_t index = data.IntOr("output_index", -1);
    const std::string_view id = item.StringOr("id", "");
    const auto begun = std::ranges::find_if(items_, [&](const StreamedItem& one) {
      if (one.done || one.type() != item.StringOr("type", "")) return false;
      return index >= 0 ? one.index == index : one.id == id;
    });
    if (begun == items_.end() && items_.size() >= kMostItems) return;
    StreamedItem& of = begun != items_.end() ? *begun : items_.emplace_back();
    of.index = index;
    of.id = id;
    of.item = item;
    of.done = done;
  }
  void TakeText(const Json& data) {
    StreamedItem* of = Of(data);
    if (of == nullptr && !items_.empty() && items_.back().type() == "message") of = &items_.back();
    if (of == nullptr) {
      of = &items_.emplace_back();
      of->index = data.IntOr("output_index", -1);
      of->item = Json::MakeObject({{"type", "message"}, {"role", "assistant"}});
    }
    of->text += data.StringOr("delta", "");
  }

  std::vector<StreamedItem> items_;
};

}  // namespace

Expected<Json> JoinResponsesStream(std::string_view body) {
  EventStreamReader reader;
  TRY_ASSIGN(const auto events, reader.Feed(std::string(body) + "\n\n"));  // whoever bared it took the last ones
  StreamedItems items;
  for (const StreamEvent& event : events) {
    auto data = ParseBody(event.data);
    if (!data || !data->is_object()) continue;
    const std::string_view type = data->StringOr("type", event.type);
    const Json* response = data->Find("response");
    const bool last = type == "response.completed" || type == "response.incomplete" || type == "response.failed";
    if (last && response != nullptr && response->is_object()) return items.Complete(*response);
    if (type == "error") return Json::MakeObject({{"error", *data}});
    items.Take(type, *data);
  }
  return EpisodeError("the reply of the model server cannot be used: its stream ended before it was finished");
}

}  // namespace xsweep
