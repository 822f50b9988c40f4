// Replies that pass by: what a provider's answer on any of the three wires says, whole or streamed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "episode/model.h"
#include "relay/wires/ask.h"

namespace xsweep {

/// Reads a whole body or a whole stream of events. Fails with kEpisode for what is neither, or was cut off.
Expected<ModelReply> ReadWireReply(Wire wire, std::string_view body);

}  // namespace xsweep
