// BatchApi: what a provider's batch endpoint is asked and what it says, whichever provider it is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "models/wires/provider.h"

namespace xsweep {

/// The most that one batch may hold.
struct BatchLimits {
  std::size_t requests = 0;
  std::size_t bytes = 0;
};

/// A batch on its way: a file of question lines, and what makes it known again.
struct BatchJob {
  std::filesystem::path questions;  ///< JSON lines as BatchApi::Question writes them
  std::uint64_t count = 0;          ///< of them
  std::string name;                 ///< ours alone: travels with the batch where the API has a place for it
  std::string upload{};             ///< what Upload gave
  std::string newest{};             ///< what Newest gave before the batch was posted first
};

/// How a batch stands.
struct BatchView {
  bool ended = false;
  bool refused = false;  ///< as a whole, before anything was asked: `words` say why
  bool expired = false;  ///< what was not answered may be asked again
  std::string words;     ///< in the server's word, cleaned
  std::int64_t done = 0;
  std::vector<std::string> results{};  ///< URLs of ours, below `base_url`: no address that a server names is asked
};

/// What one line of the results says.
struct BatchLine {
  std::string custom_id;
  int status = 0;  ///< of the answer to this question; 0: it was not asked, `unasked` says why
  std::string body{};
  std::string unasked{};
  bool expired = false;
};

/// How the posting of a batch ended.
struct Posted {
  std::string id{};      ///< empty: none, or nobody knows
  bool unclear = false;  ///< the connection broke or the server failed: it may have taken the batch
  Status failure{};      ///< what to end with when asking again does not help
};

/// Everything is retried as single calls are, but for Post. Errors are kWorld, kUser where the server has no such
/// endpoint, kInterrupted when the loop was stopped. Belongs to the loop's thread.
class BatchApi {
 public:
  virtual ~BatchApi() = default;
  virtual BatchLimits limits() const = 0;
  /// One question as a line without its end. It begins with {"custom_id":"...".
  virtual std::string Question(std::string_view custom_id, const ModelRequest& request) const = 0;
  /// Where the API takes questions as a file: brings it there and returns its name; otherwise "".
  virtual Async<Expected<std::string>> Upload(BatchJob job) = 0;
  /// The newest batch of this account, where only its order tells a batch of ours; otherwise "".
  virtual Async<Expected<std::string>> Newest() = 0;
  virtual Async<Posted> Post(BatchJob job) = 0;
  /// Batches that may be the one that `job` became when its posting was cut off. Where the API carries our name they
  /// are it; elsewhere their results have to show it.
  virtual Async<Expected<std::vector<std::string>>> Find(BatchJob job) = 0;
  virtual Async<Expected<BatchView>> Look(std::string id) = 0;
  /// Puts the lines of all results into `file`. Fails with kWorld for more than `most` bytes.
  virtual Async<Status> Fetch(const BatchView& view, const std::filesystem::path& file, std::size_t most) = 0;
  /// Fails with kWorld for what is no line of results.
  virtual Expected<BatchLine> ReadLine(std::string_view line) const = 0;
  /// What a single call would have made of that answer, at the price of a batch.
  virtual Attempt Read(const BatchLine& line, const ModelRequest& request) const = 0;
};

/// The custom_id of a question line; "" for what is none.
std::string_view IdOfQuestion(std::string_view line);

}  // namespace xsweep
