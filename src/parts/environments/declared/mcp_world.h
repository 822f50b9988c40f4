// McpWorld: the servers of a run, started for each trial or shared by all with a reset, and the probe that looks at
// them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/system/scratch.h"
#include "net/handoff.h"
#include "parts/environments/declared/probe.h"
#include "parts/environments/declared/servers.h"

namespace xsweep {

/// The environment's options, see its table.
struct McpSettings {
  Json servers;
  std::string files;
  Json reset;
  Json probe;
  std::string policy;
  double timeout = 30;
};

/// What all trials have in common. Thread-safe: the queue for shared servers is the only thing that changes.
class McpWorld {
 public:
  /// The servers that a trial works with, and what goes when it ends.
  struct Lease {
    std::shared_ptr<ScratchDirectory> directory;  ///< outlives its servers; none without `files`
    std::shared_ptr<ServerSet> servers;
    std::string path() const { return directory ? directory->path().string() : std::string(); }
  };

  McpWorld(std::vector<ServerSpec> specs, ProbeSpec probe, McpSettings settings)
      : specs_(std::move(specs)), probe_(std::move(probe)), settings_(std::move(settings)) {}

  bool shared() const { return !settings_.reset.is_null(); }
  /// Whether there is a probe.
  bool looks() const { return probe_.files || !probe_.command.empty() || !probe_.tool.empty(); }
  const ProbeSpec& probe() const { return probe_; }
  /// The tool that resets, which no agent is shown; empty without one.
  std::string_view reset_tool() const { return settings_.reset.StringOr("tool", ""); }

  /// Starts servers that are nobody else's.
  Async<Expected<Lease>> Start() const;
  /// Servers of this trial's own, or the shared ones once nobody else has them, reset.
  Async<Expected<Lease>> Take();
  /// Gives them back; those that are not `sound` are started anew for the next.
  void Return(bool sound);
  /// What the probe sees. Fails with kEpisode when it cannot look.
  Async<Expected<Json>> Look(const Lease& lease) const;

 private:
  using Turn = Handoff<bool>;
  std::chrono::milliseconds limit() const;
  Turn Enqueue();
  void Leave(const Turn& turn);
  void PassOn();
  Async<Expected<Lease>> Ready();
  Async<Status> Reset();
  Async<Expected<std::string>> Print(const Lease& lease, Json& structured) const;

  const std::vector<ServerSpec> specs_;
  const ProbeSpec probe_;
  const McpSettings settings_;
  std::mutex mutex_;
  bool taken_ = false;
  std::deque<Turn> queue_;
  std::optional<Lease> kept_;  ///< belongs to whoever has the turn
};

}  // namespace xsweep
