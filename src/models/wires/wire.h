// What the HTTP providers share: sending a request, sorting failures, reading replies without trusting them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/wires/failures.h"
#include "models/wires/price.h"
#include "models/wires/provider.h"
#include "net/client/http.h"

namespace xsweep {

/// Where and how to call; made once from the options of a provider.
struct Endpoint {
  std::string url;
  std::string model;
  std::vector<HttpHeader> headers{};
  std::vector<SecretHeader> secret_headers{};
  HttpTimeouts timeouts{};
  HttpRoute route{};
  std::size_t max_response_bytes = std::size_t{16} << 20U;
  std::optional<Price> price{};
  Json settings{};  ///< members of the request body that come from options: temperature and so on
  bool send_seed = false;
  bool send_thought = true;       ///< back to the server that sent it
  bool null_content = true;       ///< beside calls without a word; otherwise ""
  bool prompt_cache = true;       ///< marks what the server may keep, where it wants to be told
  bool prompt_cache_key = false;  ///< names the dialogue, for servers that ask for it
  bool parse_text_calls = false;  ///< calls that a server left in the text are made
};

/// How one API writes its replies.
struct WireFormat {
  /// What an event stream makes together.
  Expected<Json> (*join)(std::string_view stream);
  /// Whether there is anything to read in a body: choices, content.
  bool (*answers)(const Json& body);
  /// Reads a body that answers; anything else is a kEpisode error in plain words. Never trusts a field's type.
  Expected<ModelReply> (*read)(const Json& body, bool parse_calls, const ModelRequest& request);
};

/// A whole body as a reply, or what is wrong with it.
Expected<ModelReply> ReadWholeReply(const WireFormat& format, std::string_view body, const ModelRequest& request);

/// Posts `body` and sorts what comes back by what it says: a reply; a prompt that was blocked or a call that could not
/// be read, which are replies too; or an error with the server's own words, shortened.
Async<Attempt> PostAndRead(Http& http, const Endpoint& endpoint, const ModelRequest& request, std::string body,
                           const WireFormat& format);

/// Sorts an answer that came some other way, in a batch, by the same rules.
Attempt ReadAnswer(const Endpoint& endpoint, const ModelRequest& request, const HttpResponse& response,
                   const WireFormat& format);

/// `base` with `path` behind it; a query stays behind the path.
std::string JoinPath(std::string_view base, std::string_view path);

/// Tool arguments as the model wrote them: an object when `text` is one for certain (ReadLooseObject; "" and null count
/// as {}), otherwise the raw text as a string, which the environment answers with a tool error.
Json ReadArguments(std::string_view text);
/// Arguments as servers accept them again: raw text that is no object is wrapped as {"invalid_json": text}.
Json WritableArguments(const Json& arguments);

/// "the reply of the model server ..." as a kEpisode error.
std::unexpected<Error> Malformed(std::string_view what);

/// A seed for the server, a pure function of the trial (not of the cell: arms of a grid share it), in [0, 2^31).
std::int64_t ServerSeed(const CallIdentity& identity);

}  // namespace xsweep
