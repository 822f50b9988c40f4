// SeatedHost: a seated model at an address: requests in, replies out, whole or as streams.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "relay/endpoint.h"
#include "relay/seated_model.h"

namespace xsweep {

/// The model whose address begins with `rest`, for a host that serves many; what follows its name is left in `rest`.
/// Fails with kUser where there is none.
using FindSeat = std::function<Expected<std::shared_ptr<SeatedModel>>(std::string& rest, const ModelAsk& ask)>;
/// What a look at an address that is no model's shows, as JSON; null: nothing is there.
using DescribeAddress = std::function<Json(const std::string& rest)>;

std::shared_ptr<ModelHost> MakeSeatedHost(std::string model_name, FindSeat find, DescribeAddress describe = {});

/// A reply as its wire wants it, in one piece or as a stream of events.
WebResponse ReplyResponse(const ModelAsk& ask, const ModelReply& reply, const std::string& seed);
/// {"object":"list","data":[...]}, as both providers' clients read it.
WebResponse ModelsResponse(const std::string& name, const std::string& rest);
/// What count_tokens says of a request of ours.
WebResponse CountResponse(const ModelAsk& ask);

}  // namespace xsweep
