// GatesFile: gates.yaml.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/gates_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/gates/gates.h"
#include "base/files.h"
#include "base/options/check_options.h"
#include "base/options/option.h"
#include "base/text.h"
#include "config/gate_items.h"
#include "config/yaml_tree.h"

namespace xsweep {
namespace {

/// The list of gates in the file, or nullptr when it has none; faults say what else is there.
const MarkedValue* ListOfGates(const MarkedValue& root, Faults& faults) {
  if (!root.is_map()) return &root;
  for (const MarkedEntry& entry : root.entries) {
    if (entry.key == "gates") continue;
    faults.Add(entry.key_at, fmt::format("unknown key `{}`{}", Printable(entry.key),
                                         DidYouMean(entry.key, std::vector<std::string>{"gates"}, "there is only")));
  }
  return root.Find("gates");
}

}  // namespace

Expected<std::vector<std::string>> ReadGatesFile(const std::filesystem::path& path) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20U;
  const auto text = ReadFile(path, kMostBytes);
  if (!text) return UserError(text.error().message, path.string());
  Faults faults(path.string());
  const auto root = ParseYaml(*text, 0, faults);
  if (!faults.empty()) return std::unexpected(faults.ToError());
  const MarkedValue* list = root && !root->is_null() ? ListOfGates(*root, faults) : nullptr;
  if (list == nullptr && faults.empty()) {
    faults.Add(Mark{}, "holds no gates; write a list, e.g. - asr.upper95 < 0.10");
  }
  std::optional<MarkedValue> flat;
  if (list != nullptr && list->is_list()) {
    flat = *list;
    FlattenGates(*flat, faults);
    list = &*flat;
  }
  std::vector<std::string> gates;
  if (list != nullptr && !list->is_list()) {
    faults.Add(list->at, fmt::format("gates are a list of conditions, not {}", KindInWords(*list)));
  } else if (list != nullptr) {
    for (const MarkedValue& item : list->items) {
      gates.push_back(item.text);
      if (item.kind != MarkedValue::Kind::kScalar || !item.scalar.is_string()) {
        faults.Add(item.at, fmt::format("a gate is text such as asr.upper95 < 0.10, not {}", KindInWords(item)));
      } else if (const auto gate = ParseGate(item.text); !gate) {
        faults.Add(item.at, fmt::format("`{}`: {}", Printable(item.text), gate.error().message));
      }
    }
  }
  if (!faults.empty()) return std::unexpected(faults.ToError());
  return gates;
}

void AddGates(const std::vector<std::string>& more, std::vector<std::string>& gates) {
  for (const std::string& gate : more) {
    if (std::ranges::find(gates, gate) == gates.end()) gates.push_back(gate);
  }
}

}  // namespace xsweep
