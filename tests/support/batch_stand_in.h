// BatchStandIn: the batch endpoints of OpenAI and Anthropic, for a ModelServer; single calls go to the same model.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "support/model_server.h"

namespace xsweep::testing {

/// What it does beside its duty; may be changed while it serves.
struct BatchManners {
  int looks = 1;                ///< after which a batch has ended
  int drops = 0;                ///< postings that are taken and never answered
  int rejects = 0;              ///< requests of any kind that are answered 429 first
  int expire_every = 0;         ///< every n-th question of a first batch expires
  std::string status{};         ///< in place of "completed" or "ended"
  std::string failure{};        ///< of OpenAI's batches: the code with which the first one fails as a whole
  std::string results_url{};    ///< of Anthropic's, in place of its own
  bool no_endpoint = false;     ///< 404 for everything about batches
  bool no_files = false;        ///< OpenAI's batches end without naming a file
  bool html = false;            ///< pages in place of JSON about batches
  std::string other_account{};  ///< a line of results of a batch that somebody else posts before ours is listed
  /// Makes other bytes of the results of a batch.
  std::function<std::string(std::vector<std::string> lines)> results{};
};

/// A handler for a ModelServer. Answers a question of a batch with what `model` says to a single call of it, in the
/// opposite order. Thread-safe.
class BatchStandIn {
 public:
  explicit BatchStandIn(ModelServer::Handler model, BatchManners manners = {});
  ServerReply operator()(const SeenRequest& request);

  void Behave(const std::function<void(BatchManners&)>& change);
  int posted() const;     ///< batches that were taken
  int uploads() const;    ///< files
  int questions() const;  ///< of all batches
  int single_calls() const;
  /// Bodies of what was posted to make batches, and of their questions.
  std::vector<std::string> bodies() const;
  /// Whatever was wrong with what was asked: an upload that is no form, an id that is not legal.
  std::vector<std::string> faults() const;

 private:
  struct Batch {
    std::string id{}, file{}, name{};
    std::vector<Json> questions{};
    int looks = 0;
    bool chat = true, failed = false;
  };
  ServerReply Files(const SeenRequest& request);
  ServerReply Chat(const SeenRequest& request);
  ServerReply Messages(const SeenRequest& request);
  ServerReply Take(Batch batch);
  Json View(Batch& batch, const SeenRequest& request);
  std::string Results(const Batch& batch);
  std::string Line(const Batch& batch, const Json& question, std::size_t place);
  bool Ended(const Batch& batch) const;
  void Check(const Batch& batch);
  ServerReply List(bool chat, const SeenRequest& request);

  const ModelServer::Handler model_;
  mutable std::mutex mutex_;
  BatchManners manners_;
  std::map<std::string, std::string> files_;
  std::vector<Batch> batches_;
  std::vector<std::string> bodies_, faults_;
  int uploads_ = 0, single_calls_ = 0;
};

}  // namespace xsweep::testing
