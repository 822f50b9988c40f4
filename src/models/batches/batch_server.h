// BatchServer: the calls that batch endpoints share, with their retries.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "models/batches/batch_api.h"
#include "models/wires/wire.h"
#include "net/client/http.h"

namespace xsweep {

/// Where batches go; made from the options of a provider, as for single calls.
struct BatchEndpoint {
  Endpoint endpoint{};  ///< for single calls: what is sent, how answers are read, at the price of a batch
  std::string base_url{};
  int max_retries = 6;
};

/// Belongs to the loop's thread. `http` outlives it.
class BatchServer {
 public:
  BatchServer(Http& http, BatchEndpoint where) : http_(http), where_(std::move(where)) {}

  const Endpoint& endpoint() const { return where_.endpoint; }
  std::string Url(std::string_view path) const { return JoinPath(where_.base_url, path); }
  /// Url(path) with `query` (name=value&...) behind it.
  std::string Url(std::string_view path, std::string_view query) const;
  HttpRequest Get(std::string url) const;
  /// A body of text, or of a file where `body_file` is set later.
  HttpRequest Post(std::string url, std::string body, std::string_view content_type) const;

  /// The JSON that is answered. 429, 5xx and broken connections are tried again.
  Async<Expected<Json>> Ask(HttpRequest request) const;
  /// Adds what is answered to the end of `file`, which may grow to `most` bytes.
  Async<Status> Download(std::string url, const std::filesystem::path& file, std::size_t most) const;

  /// How one attempt ended.
  struct Outcome {
    AttemptOutcome outcome = AttemptOutcome::kFinal;
    bool sent = true;  ///< false: the server never saw it
    Expected<Json> said;
    std::optional<std::chrono::milliseconds> wait{};
  };
  Async<Outcome> Once(HttpRequest request) const { return OnceOver(http_, std::move(request)); }
  /// The same over a connection of its own: on one that was kept and has gone meanwhile libcurl sends a request again
  /// by itself, and what is paid for must not go out twice.
  Async<Outcome> OnceAlone(HttpRequest request) const;
  /// Empty once the attempts are used up.
  std::optional<std::chrono::milliseconds> Pause(const Outcome& outcome, int retry) const;
  IoLoop& loop() const { return http_.loop(); }

 private:
  Async<Outcome> OnceOver(Http& http, HttpRequest request) const;
  Outcome Sort(const HttpResponse& response, const std::string& url) const;
  Http& http_;
  const BatchEndpoint where_;
};

/// Posts a batch once: what its id is, or whether the server may have taken it all the same.
Async<Posted> PostBatch(const BatchServer& server, std::string path, HttpRequest request);
/// Goes over the account's batches at `path`, newest first, a page after the other, until `more` says that it has seen
/// enough; it is asked once for each page. `cursor` is what the server calls the id that a page begins behind.
Async<Status> WalkBatches(const BatchServer& server, std::string path, std::string cursor,
                          std::function<bool(const std::vector<Json>& page)> more);
/// The bytes of all `urls`, one after the other, in `file`, which is made anew.
Async<Status> FetchAll(const BatchServer& server, std::vector<std::string> urls, std::filesystem::path file,
                       std::size_t most);
/// The error in words that say what to do, where the server has no batches at all.
Error NoEndpoint(const Error& error);

/// An id that a server gave and that goes into addresses: letters, digits, - and _, at most 200 of them.
bool IsPlainId(std::string_view id);

}  // namespace xsweep
