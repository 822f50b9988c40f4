// Upstream: the model that an agent would have asked itself: where it is, and how a request is passed on to it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/system/secret.h"
#include "models/wires/price.h"
#include "net/client/http.h"
#include "net/http_server.h"
#include "relay/wires/ask.h"

namespace xsweep {

struct UpstreamSettings {
  std::string base;     ///< without /v1; empty: the provider whose wire it is
  std::string key_env;  ///< of the key; empty: OPENAI_API_KEY or ANTHROPIC_API_KEY, as the wire is
  std::optional<Price> price{};
  HttpTimeouts timeouts{};
};

/// Whether the key that requests will be passed on with is there, as far as that can be known before one comes: whose
/// wire it speaks is seen then. Fails with kUser.
Status CheckUpstreamKey(const std::string& base, const std::string& key_env);

/// The request as it came, at another address: same path, query, headers and bytes, but for what belongs to the
/// connection, and for keys: those that the agent sent stay here, ours is added. Fails with kUser without a key where
/// the address is not this machine's.
Expected<HttpRequest> PassOn(const UpstreamSettings& settings, Wire wire, std::string_view rest,
                             const WebRequest& request, std::string body);

/// The headers of an answer that go on to the agent: all that do not belong to the connection; the type apart.
struct PassedHead {
  std::string type;
  std::vector<std::pair<std::string, std::string>> headers;
};
PassedHead PassBack(const std::vector<HttpHeader>& headers);

}  // namespace xsweep
