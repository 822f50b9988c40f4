// Messages: JSON-RPC as servers really write it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace xsweep {

/// The messages in one line or body: an object, or a batch of them (revision 2025-03-26), also where a text was cut
/// inside a character. A serialiser that writes every member has `error: null` beside a result and `method: null` in an
/// answer: such members are dropped. Empty where the text holds none.
std::vector<Json> ReadMessages(std::string_view text);

/// Which of our requests a message answers: its id, which some servers give back as a text or as 1.0. Empty for a
/// message that asks or tells something itself.
std::optional<std::int64_t> AnsweredId(const Json& message);

}  // namespace xsweep
