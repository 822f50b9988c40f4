// A reply as OpenAI's Responses API writes it, whole and streamed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/json.h"
#include "episode/model.h"
#include "relay/wires/reply_pieces.h"

namespace xsweep {

Json WholeResponse(const ModelReply& reply, const ReplyFrame& frame);
std::vector<ReplyEvent> StreamResponse(const ModelReply& reply, const ReplyFrame& frame);

}  // namespace xsweep
