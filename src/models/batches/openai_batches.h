// OpenAI's Batch API: a file of requests is uploaded, a batch made of it, and files of results come back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "models/batches/batch_api.h"
#include "models/batches/batch_server.h"

namespace xsweep {

/// POST /files, POST /batches, GET /batches/{id}, GET /files/{id}/content below `base_url`. A batch carries its name as
/// metadata, so that the list of batches says whether a posting that was cut off has arrived.
std::unique_ptr<BatchApi> MakeOpenAiBatches(Http& http, BatchEndpoint where);

}  // namespace xsweep
