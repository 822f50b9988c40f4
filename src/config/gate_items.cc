// GateItems: gates that are written as mappings.
// SPDX-License-Identifier: Apache-2.0
#include "config/gate_items.h"

#include <fmt/format.h>

#include "base/text.h"

namespace xsweep {
namespace {

/// `sequential: true` is said by its name alone; `false` is not said.
void AddOption(const MarkedEntry& option, std::string& options) {
  if (option.value.scalar.is_bool() && !option.value.scalar.AsBool()) return;
  options += options.empty() ? " with " : ", ";
  options += option.key;
  if (!option.value.scalar.is_bool()) options += " " + option.value.text;
}

}  // namespace

void FlattenGates(MarkedValue& list, Faults& faults) {
  for (MarkedValue& item : list.items) {
    if (!item.is_map() || item.entries.empty()) continue;
    std::string text, options;
    for (const MarkedEntry& entry : item.entries) {
      if (entry.value.kind != MarkedValue::Kind::kScalar) {
        faults.Add(entry.value.at, fmt::format("`{}` of a gate is text such as \"< 0.10\", not {}",
                                               Printable(entry.key), KindInWords(entry.value)));
      } else if (text.empty()) {
        text = entry.key + " " + entry.value.text;
      } else {
        AddOption(entry, options);
      }
    }
    MarkedValue flat;
    flat.at = item.at;
    flat.text = text + options;
    flat.scalar = Json(flat.text);
    item = std::move(flat);
  }
}

}  // namespace xsweep
