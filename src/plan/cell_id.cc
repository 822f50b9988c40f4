// Names for cells.
// SPDX-License-Identifier: Apache-2.0
#include "plan/cell_id.h"

#include <fmt/format.h>

#include <cctype>
#include <map>

#include "base/hash.h"
#include "config/resolved.h"
#include "words/axis_words.h"

namespace xsweep {
namespace {

constexpr std::size_t kLongestLabel = 40;
constexpr std::size_t kLongestId = 160;

void AppendSafe(std::string_view text, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool safe = byte < 0x80 && (std::isalnum(byte) != 0 || c == '_' || c == '.' || c == '-');
    if (safe)
      out += c;
    else if (c == ' ')
      out += '_';
    else
      out += fmt::format("%{:02X}", byte);
  }
}

void AppendLabel(const Json& value, std::string& out) {
  auto separate = [&, first = true]() mutable {
    if (!first) out += ';';
    first = false;
  };
  if (value.is_array()) {
    out += '[';
    for (const Json& item : value.items()) separate(), AppendLabel(item, out);
    out += ']';
  } else if (value.is_object()) {
    const bool named = value.Find("name") != nullptr || value.Find("provider") != nullptr;
    if (named) AppendSafe(value.StringOr("name", value.StringOr("provider", "")), out);
    if (named && value.size() == 1) return;
    out += '(';
    for (const auto& [key, member] : value.members()) {
      if (named && (key == "name" || key == "provider")) continue;
      separate();
      AppendSafe(key, out);
      out += ':';
      AppendLabel(member, out);
    }
    out += ')';
  } else {
    AppendSafe(value.is_string() ? value.AsString() : value.Dump(), out);
  }
}

/// Cuts before an escape rather than inside it.
std::string Shortened(std::string text, std::size_t longest, std::string_view hash) {
  std::size_t keep = longest - hash.size() - 1;
  for (std::size_t back = 1; back <= 2; ++back) {
    if (text[keep - back] == '%') keep -= back;
  }
  text.resize(keep);
  return text.append("~").append(hash);
}

}  // namespace

std::vector<std::string> ValueLabels(const GridAxis& axis) {
  std::vector<std::string> labels;
  std::map<std::string, int> uses;
  for (const Json& value : axis.values) {
    std::string label;
    const bool labelled = value.is_object() && value.Find(kLabelKey) != nullptr;
    AppendLabel(labelled ? *value.Find(kLabelKey) : value, label);
    if (label.empty()) label = "%";
    ++uses[labels.emplace_back(std::move(label))];
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string hash = ShortHash(CanonicalDump(axis.values[i])).substr(0, 8);
    if (labels[i].size() > kLongestLabel)
      labels[i] = Shortened(labels[i], kLongestLabel, hash);
    else if (uses[labels[i]] > 1)
      labels[i] += "~" + hash;  // "100" and 100, "a b" and "a_b"
  }
  return labels;
}

std::string CellId(const std::vector<std::pair<std::string, std::string>>& labelled_axes) {
  std::string id;
  for (const auto& [path, label] : labelled_axes) {
    if (!id.empty()) id += ',';
    AppendSafe(path, id);
    id += '=';
    id += label;
  }
  if (id.empty()) return "base";
  return id.size() > kLongestId ? Shortened(id, kLongestId, ShortHash(id)) : id;
}

}  // namespace xsweep
