// Streams of Responses, put together again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace xsweep {

/// The response that a stream of Responses amounts to. Its last event should hold it whole; where it does not (many
/// servers leave `output` empty there, and agents act on what was streamed), what was streamed stands in its output. An
/// error in the stream comes back as {"error": ...}. Fails with kEpisode for a stream without a last event.
Expected<Json> JoinResponsesStream(std::string_view body);

}  // namespace xsweep
