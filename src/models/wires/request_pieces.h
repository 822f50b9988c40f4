// Pieces of requests as text: a dialogue is written again with every turn, and building its tree was most of what a
// call cost.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "episode/model.h"

namespace xsweep {

/// `before`, which ends in a colon, and `text` as a JSON string.
inline void AppendMember(std::string_view before, std::string_view text, std::string& out) {
  out += before;
  AppendJsonString(text, out);
}

/// The same of a text that comes back in request after request, as a system prompt does: looking whether it is one of
/// the last few costs a fraction of writing its kilobytes again.
inline void AppendRepeatedMember(std::string_view before, const Common<std::string>& text, std::string& out) {
  struct Written {
    Common<std::string> text;
    std::string json;
  };
  constexpr std::size_t kLong = 512;
  if (text->size() < kLong) return AppendMember(before, *text, out);
  thread_local std::array<Written, 4> known;
  auto found = std::ranges::find_if(known, [&](const Written& one) { return one.text.SharesWith(text); });
  if (found == known.end()) found = std::ranges::find_if(known, [&](const Written& one) { return *one.text == *text; });
  if (found == known.end()) {
    --found;
    *found = {text, {}};
    AppendJsonString(*text, found->json);
  }
  std::rotate(known.begin(), found, found + 1);
  out.append(before).append(known.front().json);
}

/// A JSON list whose items `append(item, out)` writes.
template <class Item, class Append>
void AppendList(const std::vector<Item>& items, Append append, std::string& out) {
  out += '[';
  for (const Item& item : items) {
    if (&item != items.data()) out += ',';
    append(item, out);
  }
  out += ']';
}

/// How much room the text of a request is likely to take.
inline std::size_t LikelySize(const ModelRequest& request) {
  std::size_t size = 1024 + request.system->size();
  for (const Message& message : request.messages) size += message.text.size() + 64 + message.calls.size() * 256;
  return size + size / 8;
}

}  // namespace xsweep
