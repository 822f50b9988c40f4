// A choice of a chat completion: what its message holds, in every form that servers give it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "episode/model.h"

namespace xsweep {

/// Adds what the `message` of a choice holds: text, thought, calls, refusal, why it ended, and in `kept` what goes back
/// as it came. Gateways split one answer over several choices. Fails with kEpisode for a form that is none.
Status ReadChoice(const Json& choice, const Json& message, ModelReply& reply);

/// The error that some gateways put into a choice, beside an answer that is none.
void ReadChoiceError(const Json& choice, ModelReply& reply);

}  // namespace xsweep
