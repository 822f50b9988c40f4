// What is asked of a web server and what comes back, as plain types.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/system/secret.h"

namespace xsweep {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// A header whose value is `prefix` followed by the key, e.g. {"Authorization", "Bearer ", key}.
struct SecretHeader {
  std::string name;
  std::string prefix;
  Secret secret;
};

/// Signs the request as Amazon S3 and its kin want it (AWS Signature Version 4).
struct SigV4 {
  std::string region{};
  std::string service = "s3";
  std::string access_key_id{};
  Secret secret_key{};
};

struct HttpTimeouts {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds first_byte{120'000};  ///< from the start of the call to the first byte of the answer
  std::chrono::milliseconds total{600'000};       ///< the whole call; what an endless answer runs into
};

/// Which way a request takes, and what comes back on it.
struct HttpRoute {
  bool proxy_from_environment = false;  ///< http_proxy, https_proxy, all_proxy and no_proxy; loopback never
  std::string proxy{};                  ///< a proxy's address; before the environment's
  std::string ca_file{};                ///< PEM file of trusted certificates; empty: the settings' or the system's
  bool decode = false;                  ///< a body that came compressed is unpacked, asked for and named or not
  friend bool operator==(const HttpRoute&, const HttpRoute&) = default;
};

/// Whether the host of a URL is this machine: no proxy stands between.
bool IsLoopback(std::string_view url);

struct HttpResponse;

struct HttpRequest {
  std::string method = "GET";
  std::string url{};  ///< http or https, without user name or password
  std::vector<HttpHeader> headers{};
  std::vector<SecretHeader> secret_headers{};
  std::string body{};
  std::string body_file{};  ///< when not empty, the path whose bytes are sent in place of `body`
  std::optional<SigV4> sigv4{};
  HttpTimeouts timeouts{};
  HttpRoute route{};
  std::size_t max_response_bytes = std::size_t{64} << 20U;
  /// Sees the answer's body piece by piece (`so_far` ends with `piece`), on the connections' thread. Once it is true
  /// the call has its answer, and what would follow is not waited for. Empty: the whole body is.
  std::function<bool(const HttpResponse& so_far, std::string_view piece)> enough{};
};

/// Any answer of a server, whatever its status. Redirects are answers too: they are never followed, because a key
/// must not travel to a host that the config does not name. Every secret of the request is scrubbed out of it.
struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers{};  ///< names in lower case
  std::string body{};

  /// The first header of that name (in lower case), or nullptr.
  const std::string* Header(std::string_view name) const;
};

/// Why there is no answer. Says whether asking again can help.
enum class HttpFailure : std::uint8_t {
  kRefused,   ///< the request was never sent: bad URL, unreadable file
  kConnect,   ///< no connection: refused, name unknown, TLS, connect timeout
  kTimeout,   ///< no first byte, or no last byte, in time
  kBroken,    ///< the connection ended or turned to nonsense before the answer was complete
  kTooLarge,  ///< the answer exceeded its cap
  kStopped,   ///< the loop was stopped; the only one with ErrorKind::kInterrupted
};

struct HttpError {
  HttpFailure failure = HttpFailure::kBroken;
  Error error;  ///< kWorld (kUser for kRefused), `where` is the URL; free of secrets
};

struct HttpSettings {
  bool proxy_from_environment = false;  ///< http_proxy and friends are ignored unless asked for
  std::string ca_file{};                ///< PEM file of trusted certificates; empty: the system's
  std::string user_agent = "xsweep/" XSWEEP_VERSION;
};

}  // namespace xsweep
