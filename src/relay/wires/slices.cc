// Slices: pieces of a JSON text and changes to it.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/slices.h"

#include <algorithm>
#include <utility>

#include "base/json_mend.h"
#include "base/json_slices.h"

namespace xsweep {

std::optional<Slice> Member(const std::optional<Slice>& object, std::string_view name) {
  std::optional<Slice> found;
  if (!object || FirstOf(object->text) != '{') return found;
  static_cast<void>(
      ForEachMember(object->text, "body", [&](std::string_view key, std::string_view value, std::size_t at) {
        if (key == name) found = Slice{value, object->at + at};
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
  const auto read = ParseMended(slice->text);  // as whoever read the whole request
  return read && read->is_string() ? read->AsString() : std::string();
}

std::int64_t NumberOf(const std::optional<Slice>& slice, std::int64_t fallback) {
  if (!slice) return fallback;
  const auto read = Json::Parse(slice->text);
  return read && read->is_int() ? read->AsInt() : fallback;
}

void Edits::Erase(const std::vector<Slice>& elements, const std::vector<bool>& gone) {
  bool after_kept = false;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (!gone[i]) {
      after_kept = true;
      continue;
    }
    const std::size_t begin = after_kept ? elements[i - 1].end() : elements[i].at;
    const bool takes_next_comma = !after_kept && i + 1 < elements.size();
    const std::size_t end = takes_next_comma ? elements[i + 1].at : elements[i].end();
    all_.push_back({begin, end - begin, {}});
  }
}

std::string Edits::ApplyTo(std::string_view text) const {
  std::vector<Edit> ordered = all_;
  std::ranges::stable_sort(ordered, {}, &Edit::at);
  std::string out;
  std::size_t done = 0;
  for (const Edit& edit : ordered) {
    out.append(text.substr(done, edit.at - done)).append(edit.with);
    done = edit.at + edit.size;
  }
  return out.append(text.substr(done));
}

std::string JsonText(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

}  // namespace xsweep
