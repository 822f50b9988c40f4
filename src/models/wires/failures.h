// Failures: what a model server says when it does not answer, sorted by what it says rather than by its status alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "models/wires/provider.h"
#include "net/client/http.h"

namespace xsweep {

/// An error as its server wrote it; all of it foreign text.
struct ServerError {
  std::string message;      ///< in the server's own words, whole
  std::string type;         ///< "rate_limit_error", "UNAVAILABLE"
  std::string code;         ///< "content_filter", "429"
  std::string more;         ///< inner codes, upstream's words, reasons: looked at, not shown first
  std::string failed_call;  ///< what the model wrote for a call that the server could not read
};

/// The error in a body, wherever servers put it; empty for a body that is none. Null, false, "", 0, {} and [] under
/// `error` are no error.
std::optional<ServerError> FindServerError(const Json& body);

enum class FailureKind : std::uint8_t {
  kFailed,      ///< `outcome` says whether asking again helps
  kBlocked,     ///< the provider does not let this prompt through to the model
  kBrokenCall,  ///< the model wrote a call that the server could not read: the model's own slip
};
struct Failure {
  FailureKind kind = FailureKind::kFailed;
  AttemptOutcome outcome = AttemptOutcome::kFinal;
  std::string words;  ///< "the server answered 400 (invalid_request_error, x): ...", with advice where we have some
  std::string failed_call;  ///< of kBrokenCall
};

/// Sorts a failure with this status. `error` may be empty, then the start of `body` is quoted.
Failure SortFailure(int status, const std::optional<ServerError>& error, std::string_view body);

/// "...": the start of foreign text on one line, whole characters only.
std::string Quoted(std::string_view text);

/// How long a server asks to wait: Retry-After as seconds or as a date (against the server's own Date), retry-after-ms,
/// the reset headers of rate limits that are used up, or what the body says. Empty when it says nothing readable.
std::optional<std::chrono::milliseconds> ReadWait(const HttpResponse& response);
/// The wait that a Retry-After header asks for: seconds, fractions allowed, or a date.
std::optional<std::chrono::milliseconds> ReadRetryAfter(const HttpResponse& response);

}  // namespace xsweep
