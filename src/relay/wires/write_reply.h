// Replies as the three wires write them, whole and as streams of events: for models that are ours.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "episode/model.h"
#include "relay/wires/reply_pieces.h"

namespace xsweep {

/// The body of a reply that is not streamed.
std::string WriteReply(Wire wire, const ModelReply& reply, const ReplyFrame& frame);
/// The events of a streamed one, each as its bytes.
std::vector<std::string> WriteReplyStream(Wire wire, const ModelReply& reply, const ReplyFrame& frame);
/// The body of an error, as clients of that wire show it.
std::string WriteWireError(Wire wire, int status, std::string_view message);

/// An id of `wire` for the call at `place` of a reply: "call_..." or "toolu_...".
std::string WireCallId(Wire wire, std::string_view seed, std::size_t place);

}  // namespace xsweep
