// Bridge: an environment that lives in a worker process, usually the user's own Python.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "episode/catalog.h"
#include "net/child.h"

namespace xsweep {

/// A worker that speaks the bridge's protocol: one JSON object a line and one back, {"ok": VALUE} or {"error": TEXT}.
///   {"do":"open","data":TEXT}  -> {"name","version","tasks":[{"id","instruction","scenario","user_id",
///       "reference_actions":[{"name","arguments"}],"communicate","nl_assertions","reward_basis"}],
///       "tools":[OpenAI schemas],"policy":TEXT}
///   {"do":"reset","task":ID}   -> anything; the episode starts anew
///   {"do":"call","name","arguments"} -> {"content":TEXT,"error":BOOL,"done":BOOL}
///   {"do":"hash"}              -> TEXT
///   {"do":"reward","messages":[{"role","content","calls":[{"name","arguments"}]}]} -> {"database":BOOL or null,
///       "reward":NUMBER or null}; a missing or null reward is put together from the parts
///   {"do":"close"}             -> anything; the worker then ends
/// tools/xsweep_bridge.py is such a worker.
class BridgeClient {
 public:
  /// Starts the command. Fails with kWorld when it cannot be started.
  static Expected<BridgeClient> Start(const std::vector<std::string>& command, std::chrono::milliseconds time_limit);

  /// What stands under "ok". Fails with kEpisode for a worker that died, hung, answered garbage or an error.
  Expected<Json> Ask(std::string_view what, std::initializer_list<Json::Member> more = {});
  bool alive() const { return worker_->alive(); }

 private:
  BridgeClient(std::unique_ptr<Worker> worker, std::chrono::milliseconds time_limit)
      : worker_(std::move(worker)), time_limit_(time_limit) {}
  std::unique_ptr<Worker> worker_;
  std::chrono::milliseconds time_limit_;
};

/// The catalog's `python`: options command, data, timeout, workers. Workers of version 2 of the protocol (the whole of
/// it is in docs/environments.md) play any number of episodes at once; with one of version 1, what stands above, each
/// trial has a worker to itself, which is used again unless something went wrong with it.
EnvironmentEntry BridgeEntry();

}  // namespace xsweep
