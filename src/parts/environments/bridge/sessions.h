// Sessions: many episodes at once in a few workers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/json.h"
#include "net/handoff.h"
#include "net/peer.h"

namespace xsweep {

/// One worker process that answers JSON lines with JSON lines, {"ok": VALUE} or {"error": TEXT}. Shared by all threads.
/// A worker of version 2 (its protocol stands in docs/environments.md) answers by id, in any order, for any number of
/// sessions; one of version 1 answers in turn and plays one episode at a time:
///   {"do":"open","data":TEXT}  -> {"name","version","tasks":[{"id","instruction","scenario","user_id",
///       "reference_actions":[{"name","arguments"}],"communicate","nl_assertions","reward_basis"}],
///       "tools":[OpenAI schemas],"policy":TEXT}
///   {"do":"reset","task":ID}   -> anything; the episode starts anew
///   {"do":"call","name","arguments"} -> {"content":TEXT,"error":BOOL,"done":BOOL}
///   {"do":"hash"}              -> TEXT
///   {"do":"reward","messages":[{"role","content","calls":[{"name","arguments"}]}]} -> {"database":BOOL or null,
///       "reward":NUMBER or null}; a missing or null reward is put together from the parts
class BridgeWorker {
 public:
  using Ptr = std::shared_ptr<BridgeWorker>;
  /// `silence`: how long it may say nothing while it is asked something; then it is ended.
  static Expected<Ptr> Start(const std::vector<std::string>& command, std::chrono::milliseconds silence);

  /// What stands under "ok". Fails with kEpisode for a worker that died, hung, answered garbage or an error.
  Async<Expected<Json>> Ask(std::string what, Json more);
  /// The same without waiting for the answer.
  void Tell(const std::string& what, const Json& more);
  bool alive() const { return peer_->alive(); }
  int protocol() const { return protocol_; }
  /// From its answer to `open`, before anybody shares it.
  void Speak(int protocol) { protocol_ = protocol; }

 private:
  using Answer = Expected<Json>;
  explicit BridgeWorker(std::chrono::milliseconds silence) : silence_(silence) {}
  std::pair<std::int64_t, Handoff<Answer>> Send(const std::string& what, const Json& more);
  bool Hear(std::string_view line);
  void End(const Error& why);

  const std::chrono::milliseconds silence_;
  int protocol_ = 1;
  std::mutex mutex_;
  std::map<std::int64_t, Handoff<Answer>> waiting_;  ///< by id, which is the order of asking
  std::int64_t last_id_ = 0;
  std::chrono::steady_clock::time_point last_heard_;
  std::optional<Error> gone_;
  std::unique_ptr<LinePeer> peer_;  ///< last: its thread uses what lies above
};

/// One episode's place in a worker. Ends it when it goes.
class BridgeSession {
 public:
  BridgeSession(BridgeWorker::Ptr worker, std::string id) : worker_(std::move(worker)), id_(std::move(id)) {}
  BridgeSession(BridgeSession&& other) noexcept = default;
  BridgeSession& operator=(BridgeSession&&) = delete;
  ~BridgeSession();

  Async<Expected<Json>> Ask(std::string what, Json more = Json::MakeObject());
  const BridgeWorker::Ptr& worker() const { return worker_; }

 private:
  BridgeWorker::Ptr worker_;
  std::string id_;  ///< empty with version 1
};

/// The workers of a run. Thread-safe.
class BridgeWorkers {
 public:
  BridgeWorkers(std::vector<std::string> command, std::string data, int workers, std::chrono::milliseconds silence)
      : command_(std::move(command)),
        data_(std::move(data)),
        shared_(static_cast<std::size_t>(workers)),
        silence_(silence) {}

  /// A worker that has answered `open`, and that answer.
  Async<Expected<std::pair<BridgeWorker::Ptr, Json>>> Open() const;
  /// Room for an episode: in the shared worker that plays the fewest (one that is not there yet, or has died, is
  /// started), or a version 1 worker alone.
  Async<Expected<BridgeSession>> Take();
  /// Gives back the first worker, which told what there is.
  void Keep(BridgeWorker::Ptr worker);
  /// An episode of this worker's has ended.
  void Return(BridgeWorker::Ptr worker);

 private:
  struct Shared {
    BridgeWorker::Ptr worker;
    int sessions = 0;
    bool starting = false;
    bool usable() const { return worker && worker->alive(); }
  };

  const std::vector<std::string> command_;
  const std::string data_;
  std::mutex mutex_;
  std::vector<Shared> shared_;
  std::vector<BridgeWorker::Ptr> idle_;
  std::uint64_t last_session_ = 0;
  int protocol_ = 1;
  const std::chrono::milliseconds silence_;
};

}  // namespace xsweep
