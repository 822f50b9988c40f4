// Streams of events, with some of the model's calls cut out of them.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/cut_stream.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"
#include "relay/wires/slices.h"

namespace xsweep {
namespace {

/// One event as it stands in its stream, blank line included; its data on one line.
struct RawEvent {
  std::string bytes;
  std::size_t data_at = 0;
  std::size_t data_size = 0;
  Slice data() const { return {std::string_view(bytes).substr(data_at, data_size), data_at}; }
};

/// A line with its end; moves on.
std::string_view TakeLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
  rest.remove_prefix(line.size());
  return line;
}

RawEvent TakeEvent(std::string_view& rest) {
  RawEvent event;
  while (!rest.empty()) {
    std::string_view line = TakeLine(rest);
    const std::size_t bare = line.find_last_not_of("\r\n") + 1;
    std::size_t begin = line.starts_with("data: ") ? 6 : 5;
    if (!line.starts_with("data:")) {
      event.bytes += line;
      if (bare == 0) break;
      continue;
    }
    if (event.data_size > 0) {  // a second line of data: to JSON the break between them is a blank
      const std::string more = " " + std::string(line.substr(begin, bare - begin));
      event.bytes.insert(event.data_at + event.data_size, more);
      event.data_size += more.size();
      continue;
    }
    event.data_at = event.bytes.size() + begin;
    event.data_size = bare - begin;
    event.bytes += line;
  }
  return event;
}

/// Places in a list some of which are cut: how far those behind have moved.
class Places {
 public:
  void Cut(std::int64_t place) { cut_.insert(place); }
  bool IsCut(std::int64_t place) const { return cut_.contains(place); }
  std::int64_t Now(std::int64_t place) const { return place - std::distance(cut_.begin(), cut_.lower_bound(place)); }

 private:
  std::set<std::int64_t> cut_;
};

class Cutter {
 public:
  Cutter(Wire wire, std::set<std::string>& ids) : wire_(wire), wanted_(ids), ids_(ids) {}

  /// What is left of the event.
  std::string Of(const RawEvent& event) {
    const Slice data = event.data();
    switch (wire_) {
      case Wire::kChat: return OfChat(event, data);
      case Wire::kResponses: return OfCounted(event, data, "output_index", "item", "call_id");
      case Wire::kMessages: return OfCounted(event, data, "index", "content_block", "id");
    }
    return event.bytes;
  }

 private:
  bool Unwanted(const std::string& id) {
    if (!wanted_.contains(id)) return false;
    ids_.erase(id);
    return true;
  }

  // Two wires count their items: an event says at which place it belongs.
  std::string OfCounted(const RawEvent& event, const Slice& data, std::string_view place_name,
                        std::string_view item_name, std::string_view id_name) {
    const auto place = Member(data, place_name);
    const std::int64_t at = NumberOf(place, -1);
    if (Unwanted(TextOf(Member(Member(data, item_name), id_name)))) places_.Cut(at);
    if (place && places_.IsCut(at)) return {};
    Edits edits;
    if (place && places_.Now(at) != at) edits.Replace(*place, std::to_string(places_.Now(at)));
    const auto output = Elements(Member(Member(data, "response"), "output"));
    std::vector<bool> gone;
    gone.reserve(output.size());
    for (const Slice& item : output) gone.push_back(Unwanted(TextOf(Member(item, "call_id"))));
    edits.Erase(output, gone);
    return edits.ApplyTo(event.bytes);
  }

  // Chat's chunks hold pieces of calls, several in one perhaps, beside words and the end.
  std::string OfChat(const RawEvent& event, const Slice& data) {
    const auto choices = Elements(Member(data, "choices"));
    if (choices.empty()) return event.bytes;
    auto delta = Member(choices.front(), "delta");
    if (!delta) delta = Member(choices.front(), "message");
    const auto pieces = Elements(Member(delta, "tool_calls"));
    if (pieces.empty()) return event.bytes;
    Edits edits;
    std::vector<bool> gone;
    gone.reserve(pieces.size());
    for (const Slice& piece : pieces) gone.push_back(OfPiece(piece, edits));
    if (std::ranges::find(gone, false) == gone.end()) return WithoutCalls(event, data);
    edits.Erase(pieces, gone);
    return edits.ApplyTo(event.bytes);
  }

  // Whether the piece goes. Without an index one with an id begins a call, and one without goes on with the last.
  bool OfPiece(const Slice& piece, Edits& edits) {
    const std::string id = TextOf(Member(piece, "id"));
    const auto index = Member(piece, "index");
    const std::int64_t stated = NumberOf(index, -1);
    if (stated >= 0) {
      last_call_ = stated;
    } else if (!id.empty() || last_call_ < 0) {
      ++last_call_;
    }
    if (Unwanted(id)) places_.Cut(last_call_);
    if (places_.IsCut(last_call_)) return true;
    if (stated >= 0 && places_.Now(stated) != stated) edits.Replace(*index, std::to_string(places_.Now(stated)));
    return false;
  }

  // A chunk all of whose calls go: nothing, unless it says something else as well.
  static std::string WithoutCalls(const RawEvent& event, const Slice& data) {
    auto chunk = Json::Parse(data.text);
    if (!chunk) return {};
    Json& choice = chunk->FindMutable("choices")->MutableItem(0);
    Json* delta = choice.FindMutable("delta");
    if (delta == nullptr) delta = choice.FindMutable("message");
    delta->Erase("tool_calls");
    const auto says = [](const Json* value) { return value != nullptr && !value->is_null(); };
    if (delta->size() == 0 && !says(choice.Find("finish_reason")) && !says(chunk->Find("usage"))) return {};
    Edits edits;
    edits.Replace(data, chunk->Dump());
    return edits.ApplyTo(event.bytes);
  }

  const Wire wire_;
  const std::set<std::string> wanted_;
  std::set<std::string>& ids_;
  Places places_;
  std::int64_t last_call_ = -1;
};

}  // namespace

std::string CutFromStream(Wire wire, std::string_view stream, std::set<std::string>& ids) {
  Cutter cutter(wire, ids);
  std::string out;
  while (!stream.empty()) out += cutter.Of(TakeEvent(stream));
  return out;
}

}  // namespace xsweep
