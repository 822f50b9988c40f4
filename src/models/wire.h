// What the HTTP providers share: sending a request, sorting failures, reading replies without trusting them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/price.h"
#include "models/provider.h"
#include "net/http.h"

namespace xsweep {

/// Where and how to call; made once from the options of a provider.
struct Endpoint {
  std::string url;
  std::string model;
  std::vector<HttpHeader> headers{};
  std::vector<SecretHeader> secret_headers{};
  HttpTimeouts timeouts{};
  std::size_t max_response_bytes = std::size_t{16} << 20U;
  std::optional<Price> price{};
  Json settings{};  ///< members of the request body that come from options: temperature and so on
  bool send_seed = false;
};

using ReplyReader = Expected<ModelReply> (*)(std::string_view body, const ModelRequest& request);

/// Posts `body` and sorts what comes back. 2xx goes to `read`; everything else becomes an error with the server's own
/// words, shortened.
Async<Attempt> PostAndRead(Http& http, const Endpoint& endpoint, const ModelRequest& request, std::string body,
                           ReplyReader read);

/// The wait that a Retry-After header asks for: seconds, fractions allowed. Dates and nonsense give nothing.
std::optional<std::chrono::milliseconds> ReadRetryAfter(const HttpResponse& response);

/// Tool arguments as the model wrote them: an object when `text` is one ("" counts as {}), otherwise the raw text as a
/// string, which the environment answers with a tool error.
Json ReadArguments(std::string_view text);
/// Arguments as servers accept them again: raw text that is no object is wrapped as {"invalid_json": text}.
Json WritableArguments(const Json& arguments);

/// Gives every call an id that no earlier call of the conversation has, keeping the server's where it can.
void MakeIdsUnique(const ModelRequest& request, std::vector<ToolCall>& calls);

/// "the reply of the model server ..." as a kEpisode error.
std::unexpected<Error> Malformed(std::string_view what);

/// A seed for the server, a pure function of the trial (not of the cell: arms of a grid share it), in [0, 2^31).
std::int64_t ServerSeed(const CallIdentity& identity);

}  // namespace xsweep
