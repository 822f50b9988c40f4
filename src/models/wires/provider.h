// Provider: one attempt at one request; limits turn attempts into a Model.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/async.h"
#include "episode/model.h"

namespace xsweep {

/// What a provider did with one request.
enum class AttemptOutcome : std::uint8_t {
  kAnswered,   ///< `reply` holds a value
  kRejected,   ///< 429, or "overloaded": ask again, more slowly
  kTransient,  ///< a failure that another attempt may not meet: 5xx, broken connection, timeout, a page in place of
               ///< JSON
  kFinal,      ///< asking again gives the same: 400, 401, malformed reply
};

struct Attempt {
  AttemptOutcome outcome = AttemptOutcome::kFinal;
  /// With kTransient it may hold a reply that is no answer: what is handed on when no attempt brings a better one.
  Expected<ModelReply> reply;  ///< errors are kEpisode, or kInterrupted when the loop was stopped
  std::optional<std::chrono::milliseconds> retry_after{};  ///< as the server asked
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;
  /// One call. `reply.usage` counts it once, with its cost where the price is known.
  virtual Async<Attempt> Try(const ModelRequest& request) = 0;
};

}  // namespace xsweep
