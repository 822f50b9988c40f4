// Mediate: a request of an agent with tools of its own: what the attack has made of results goes out, what a defense
// has denied does not come back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "relay/mediator.h"
#include "relay/wires/ask.h"

namespace xsweep {

/// Puts a request to the model; with `hold` its answer comes whole, otherwise a stream as it comes.
using AskModel = std::function<Async<WebResponse>(std::string body, ModelAsk ask, bool hold)>;
/// The environment's name of a tool that the agent shows under another; empty when it is none of ours.
using NameOurs = std::function<std::string(std::string_view shown)>;

/// Answers the agent's request. A reply is let go when all its calls are decided; one of which every call is denied the
/// agent never sees: its model is told why, and asked again. Where nothing can be denied a stream passes as it comes,
/// up to its first call, which the episode has to know of before the agent. Fails with kEpisode when a reply cannot be
/// mediated, with kInterrupted when the run was stopped.
Async<Expected<WebResponse>> Mediate(std::shared_ptr<Mediator> mediator, NameOurs ours, std::string body, ModelAsk ask,
                                     AskModel put);

}  // namespace xsweep
