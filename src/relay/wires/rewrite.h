// Rewriting what an agent asks: the texts of results and of tools' descriptions, byte by byte around them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "relay/wires/ask.h"

namespace xsweep {

/// The body with `shown` in place of the result of that call; every byte outside the text stays as it is. `original` is
/// what ReadAsk finds there. Of a result of several parts what was appended stands behind the last text; all else takes
/// the place of the first, and no other text stays. Fails with kEpisode where the call has no result, or one without
/// text.
Expected<std::string> ReplaceResult(Wire wire, std::string body, std::string_view call_id, std::string_view original,
                                    std::string_view shown);

/// The same for the description of a tool, by the name under which it is offered; added where it has none.
Expected<std::string> ReplaceDescription(Wire wire, std::string body, std::string_view tool, std::string_view shown);

/// Where a request's history stands: its list of messages or items.
std::string_view HistoryName(Wire wire);

}  // namespace xsweep
