// A choice of a chat completion: what its message holds, in every form that servers give it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "episode/model.h"

namespace xsweep {

/// The message of a choice; one that was streamed in one piece calls it `delta`. A choice that says that its reply was
/// cut or stopped needs none: then it is an empty one. nullptr where a choice has neither.
const Json* MessageOf(const Json& choice);

/// Adds what the `message` of a choice holds: text, thought, calls, refusal, why it ended, and in `kept` what goes back
/// as it came. Gateways split one answer over several choices. Fails with kEpisode for a form that is none.
Status ReadChoice(const Json& choice, const Json& message, ModelReply& reply);

/// The error that some gateways put into a choice, beside an answer that is none.
void ReadChoiceError(const Json& choice, ModelReply& reply);

}  // namespace xsweep
