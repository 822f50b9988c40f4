// Streams of events on the three wires, with some of the model's calls cut out of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "relay/wires/ask.h"

namespace xsweep {

/// The stream without those calls. Events that belong to one of them are gone; in the others no byte changes but the
/// places that are counted, and, in the one that says the whole response again, its list. The ids that were met are
/// taken out of `ids`.
std::string CutFromStream(Wire wire, std::string_view stream, std::set<std::string>& ids);

}  // namespace xsweep
