// Streams: answers that came as an event stream although nobody asked for one, put together again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/json.h"

namespace xsweep {

/// Whether the body (after BareBody) is a stream of events (`data:`, `event:`) rather than one JSON value.
bool IsEventStream(std::string_view body);

/// The chat completion that the chunks of a stream make. An error in the stream comes back as {"error": ...}. Fails
/// with kEpisode for a stream that ends before its choices do.
Expected<Json> JoinChatStream(std::string_view body);
/// The same for the Messages API.
Expected<Json> JoinAnthropicStream(std::string_view body);

}  // namespace xsweep
