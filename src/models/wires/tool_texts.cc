// ToolTexts: lists of tools as a provider writes them, kept as text.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/tool_texts.h"

#include <algorithm>

namespace xsweep {
namespace {

constexpr std::size_t kMostKept = 8;

/// Copies share what they hold, so that the usual case is quick; equal parameters in another order are others.
bool Same(const ToolSchema& a, const ToolSchema& b) {
  return a.parameters.SharesWith(b.parameters) && a.name == b.name && a.description == b.description;
}

}  // namespace

std::string_view ToolTexts::Of(const std::vector<ToolSchema>& tools) {
  const auto found =
      std::ranges::find_if(kept_, [&](const Kept& kept) { return std::ranges::equal(kept.tools, tools, Same); });
  if (found != kept_.end()) return found->text;
  Kept fresh{tools, {}};
  write_(tools, fresh.text);
  if (kept_.size() < kMostKept) return kept_.emplace_back(std::move(fresh)).text;
  Kept& place = kept_[oldest_++ % kMostKept];
  place = std::move(fresh);
  return place.text;
}

}  // namespace xsweep
