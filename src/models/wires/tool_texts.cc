// ToolTexts: lists of tools as a provider writes them, kept as text.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/tool_texts.h"

#include <algorithm>

namespace xsweep {
namespace {

constexpr std::size_t kMostKept = 8;

}  // namespace

std::string_view ToolTexts::Of(const Common<std::vector<ToolSchema>>& tools) {
  auto found = std::ranges::find_if(kept_, [&](const Kept& kept) { return kept.tools.SharesWith(tools); });
  if (found == kept_.end())
    found = std::ranges::find_if(kept_, [&](const Kept& kept) { return *kept.tools == *tools; });
  if (found != kept_.end()) return found->text;
  Kept fresh{tools, {}};
  write_(tools, fresh.text);
  if (kept_.size() < kMostKept) return kept_.emplace_back(std::move(fresh)).text;
  Kept& place = kept_[oldest_++ % kMostKept];
  place = std::move(fresh);
  return place.text;
}

}  // namespace xsweep
