// Decisions: what comes of what a defense has decided about one thing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "episode/roles.h"

namespace xsweep {

/// What the agent is shown in place of `what` was kept from it.
std::string Notice(std::string_view what, const Decision& decision);

/// nullptr when nobody denied it.
const Decision* FirstDenial(const Decisions& decisions);

/// What the agent sees of `text` after the decisions; `denied` says what a denial puts in its place.
void Apply(const Decisions& decisions, std::string_view denied, std::string& text);

}  // namespace xsweep
