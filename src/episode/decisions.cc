// Decisions: what comes of what a defense has decided about one thing.
// SPDX-License-Identifier: Apache-2.0
#include "episode/decisions.h"

#include <algorithm>

#include "episode/notice.h"

namespace xsweep {

std::string Notice(std::string_view what, const Decision& decision) {
  return NoticeText(what, decision.defense, decision.reason_code);
}

const Decision* FirstDenial(const Decisions& decisions) {
  const auto found = std::ranges::find(decisions, Ruling::kDeny, &Decision::ruling);
  return found == decisions.end() ? nullptr : &*found;
}

void Apply(const Decisions& decisions, std::string_view denied, std::string& text) {
  for (const Decision& decision : decisions) {
    if (decision.ruling == Ruling::kModify) text = decision.text;
  }
  if (const Decision* denial = FirstDenial(decisions)) text = Notice(denied, *denial);
}

}  // namespace xsweep
