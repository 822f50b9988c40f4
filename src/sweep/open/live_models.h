// LiveModels: the models of a REAL run: made from the config, within the budget, every exchange kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/options/option.h"
#include "config/sweep_config.h"
#include "engine/run_trial.h"
#include "engine/shared_budget.h"
#include "models/shelf.h"
#include "net/client/http.h"
#include "net/http_server.h"
#include "net/io_loop.h"
#include "plan/plan.h"
#include "record/run_directory.h"

namespace xsweep {

/// Which roles' models a config cannot do without, each with who needs it. Checked before anything is written.
/// Fails with kUser: a part asks a model that `models` does not name, or SHIM with a part that needs one.
Status CheckModels(const SweepConfig& config, const Plan& plan, const PartSpecs& specs);
/// Every model that is named can be made: provider known, key in the environment. Not asked for a replay.
Status CheckKeys(const Plan& plan);

/// SHIM on request: a config whose agent is a model is played by the simulated agent instead, and its models are
/// dropped. Says so in words; empty when nothing had to change.
std::string PlayByShim(SweepConfig& config, const PartSpecs& specs);

class TurnKeeper;

class LiveModels {
 public:
  /// `budget` also says which part of the config's request and token rates is this process's; it outlives the models.
  /// `log` is this shard's file of exchanges. With `replay` every
  /// answer comes from there and no socket is opened; without, exchanges that an earlier part of this run has kept are
  /// used again before anything is asked anew. With `relays` agents run in a replay, too, over what their models said.
  static Expected<std::unique_ptr<LiveModels>> Open(const RunDirectory& run, const std::filesystem::path& log,
                                                    const std::filesystem::path& replay, bool relays,
                                                    SharedBudget& budget);
  /// Where the trials of these models run. The server listens on this machine alone.
  Surroundings around() { return {.loop = loop_.get(), .http = http_.get(), .server = server_.get()}; }
  /// Every exchange that was kept before is on disk when this returns. From any thread.
  Status Sync() { return log_ ? log_->Sync() : Status(); }
  /// Ends the log of exchanges. After the last trial.
  Status Close() { return log_ ? log_->Close() : Status(); }
  Expected<ModelSet> ModelsOf(const Cell& cell);

  ~LiveModels();

 private:
  LiveModels();
  Expected<Model*> Get(const std::optional<PartConfig>& model);
  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_;
  std::unique_ptr<Http> http_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<ExchangeLog> log_;
  std::unique_ptr<ModelShelf> shelf_;
  std::unique_ptr<TurnKeeper> turns_;
};

}  // namespace xsweep
