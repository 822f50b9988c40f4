// Anthropic's Message Batches: all requests in one body, and results as lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "models/batches/batch_api.h"
#include "models/batches/batch_server.h"

namespace xsweep {

/// POST /messages/batches, GET /messages/batches/{id} and its /results below `base_url`; the `results_url` that a
/// server names is not followed, because it might take the key elsewhere. The API has no place for our name: a posting
/// that was cut off is found among the batches that are newer than the newest one before it, hold as many requests, and
/// whose results carry our ids.
std::unique_ptr<BatchApi> MakeAnthropicBatches(Http& http, BatchEndpoint where);

}  // namespace xsweep
