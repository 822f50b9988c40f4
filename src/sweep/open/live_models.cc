// LiveModels: the models of a REAL run.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/live_models.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/system/secret.h"
#include "base/system/terminal.h"
#include "parts/agents/external/external.h"
#include "parts/agents/external/kept.h"
#include "record/logs/layout.h"
#include "relay/upstream.h"

namespace xsweep {
namespace {

/// Names of parts inside options: the layers of a stack, the parts of a combined attack.
void CollectNames(const Json& value, std::vector<std::string>& names) {
  if (value.is_array()) {
    for (const Json& item : value.items()) CollectNames(item, names);
  }
  if (!value.is_object()) return;
  if (const auto name = value.StringOr("name", ""); !name.empty()) names.emplace_back(name);
  for (const auto& [key, member] : value.members()) CollectNames(member, names);
}

Status CheckPart(const PartConfig& part, const std::vector<PartSpec>& specs, const Cell& cell, Mode mode) {
  std::vector<std::string> names = {part.name};
  CollectNames(part.options, names);
  for (const std::string& name : names) {
    if (mode == Mode::kShim && IsExternalAgent(name) && FindSpec(specs, name) != nullptr) {
      return UserError(fmt::format("`{}` starts or asks an agent outside; set `mode: REAL`", name), "mode");
    }
    const PartSpec* spec = FindSpec(specs, name);
    if (spec == nullptr || spec->model_role.empty()) continue;
    if (mode == Mode::kShim) {
      return UserError(fmt::format("`{}` asks a model, and mode SHIM has none; set `mode: REAL` and `models.{}`", name,
                                   spec->model_role),
                       "mode");
    }
    if (!ModelOf(cell.models, spec->model_role)) {
      return UserError(
          fmt::format("`{}` needs a model; name one under `models.{}` (provider, model, base_url, api_key_env)", name,
                      spec->model_role),
          "models." + spec->model_role);
    }
  }
  return {};
}

/// Every model that a cell names can be made: its provider is known and its key is in the environment.
Status CheckKeysOf(const Cell& cell) {
  constexpr auto& kRoles = kWords<Role>;
  const auto named = [&](std::string_view role) { return ModelOf(cell.models, role).has_value(); };
  if (std::ranges::none_of(kRoles, named)) return {};
  SystemClock clock;
  TRY_ASSIGN(const auto loop, IoLoop::Create(clock));
  Http http(*loop);
  ModelShelf shelf({.http = &http});
  for (const std::string_view role : kRoles) {
    const auto& model = ModelOf(cell.models, role);
    if (!model) continue;
    if (const auto made = shelf.Get(model->name, model->options); !made) {
      return UserError(made.error().Text() + "; see .env.example", fmt::format("models.{}", role));
    }
  }
  return {};
}

/// What an agent elsewhere, or the model behind its relay, is asked with is there: without it every trial would be an
/// error.
Status CheckAgentKey(const Cell& cell) {
  const Json& options = cell.agent.options;
  const auto missing = [](const Error& error, const char* where) {
    return UserError(error.Text() + "; see .env.example", where);
  };
  if (const std::string key(options.StringOr("key_env", "")); !key.empty()) {
    if (const auto there = Secret::FromEnvironment(key); !there) return missing(there.error(), "agent.key_env");
  }
  if (options.StringOr("relay", "none") != "upstream") return {};
  const Status there = CheckUpstreamKey(std::string(options.StringOr("relay_to", "")),
                                        std::string(options.StringOr("relay_key_env", "")));
  return there ? Status() : missing(there.error(), "agent.relay_key_env");
}

/// A bound in dollars that cannot be kept, because a model that it bounds has no known price, would never stop
/// anything.
Status CheckCostBounds(const Limits& limits, const Cell& cell) {
  for (const Role of : kEvery<Role>) {
    const std::string_view role = NameOf(of);
    const auto& model = ModelOf(cell.models, role);
    const bool of_role = limits.roles[of].max_cost_usd.has_value();
    if (!model || (!limits.max_cost_usd && !of_role)) continue;
    const Json* price = model->options.Find("price");
    if (price != nullptr && !price->is_null()) continue;
    return UserError(
        fmt::format(
            "cannot be kept: the price of `{}` (models.{}) is not known; state its `price: {{input: USD, output: "
            "USD}}` per million tokens, or a table with --prices",
            model->options.StringOr("model", ""), role),
        of_role ? fmt::format("limits.roles.{}.max_cost_usd", role) : "limits.max_cost_usd");
  }
  return {};
}

Status CheckRelayCost(const Limits& limits, const Cell& cell) {
  const bool bounded = limits.max_cost_usd || limits.roles[Role::kAgent].max_cost_usd;
  const Json* price = cell.agent.options.Find("relay_price");
  const bool known = price != nullptr && price->is_object();
  if (!bounded || known || cell.agent.options.StringOr("relay", "none") != "upstream") return {};
  return UserError(
      "a limit in dollars cannot be kept, because the price of the model behind the relay is not known; state it as "
      "`relay_price: {input: USD, output: USD}`",
      "agent.relay_price");
}

/// Turns of external agents, written and read like exchanges of models.
class LiveTurns final : public TurnKeeper {
 public:
  /// `hooks` are the budget's; empty in a replay, which spends nothing.
  LiveTurns(ExchangeLog* log, std::shared_ptr<const Recording> replay, std::shared_ptr<const Recording> reuse,
            CallHooks hooks)
      : writer_(Json::MakeObject({{"external", true}})),
        log_(log),
        replay_(std::move(replay)),
        reuse_(std::move(reuse)),
        hooks_(std::move(hooks)) {}
  std::optional<Expected<ModelReply>> Recall(const ModelRequest& request) override {
    if (replay_ == nullptr) return std::nullopt;
    return replay_->Find(request.identity, writer_.Write(request));
  }
  std::optional<ModelReply> Reuse(const ModelRequest& request) override {
    if (reuse_ == nullptr) return std::nullopt;
    auto found = reuse_->Find(request.identity, writer_.Write(request));
    return found ? std::optional(std::move(*found)) : std::nullopt;
  }
  bool replays() const override { return replay_ != nullptr; }
  Status Keep(const ModelRequest& request, const Expected<ModelReply>& reply) override {
    if (log_ == nullptr) return {};
    return log_->Append(request.identity, writer_.Write(request), reply);
  }
  Async<Status> Admit() override {
    const ModelRequest of_agent;
    if (!hooks_.admit) co_return Status();
    auto admitting = hooks_.admit(of_agent);
    co_return co_await admitting;
  }
  void Spent(const Usage& used) override {
    if (hooks_.spent) hooks_.spent(Role::kAgent, used);
  }

 private:
  RequestWriter writer_;
  ExchangeLog* log_;
  std::shared_ptr<const Recording> replay_;
  std::shared_ptr<const Recording> reuse_;
  const CallHooks hooks_;
};

/// Waits while other processes of the run have set aside what is left of a limit.
Async<Status> Admit(Budget& budget, Role role, IoLoop& loop) {
  for (;;) {
    const Expected<Admission> admission = budget.MayCallModel(role);
    if (!admission) co_return std::unexpected(admission.error());
    if (*admission == Admission::kGo) co_return Status();
    Status slept = co_await loop.Sleep(std::chrono::milliseconds(250));
    if (!slept) co_return slept;
  }
}

}  // namespace

Status CheckKeys(const Plan& plan) {
  for (const Cell& cell : plan.cells()) {
    TRY(CheckKeysOf(cell));
    TRY(CheckAgentKey(cell));
  }
  return {};
}

Status CheckModels(const SweepConfig& config, const Plan& plan, const PartSpecs& specs) {
  const Mode mode = config.mode;
  for (const Cell& cell : plan.cells()) {
    TRY(CheckPart(cell.agent, specs.agents, cell, mode));
    TRY(CheckPart(cell.attack, specs.attacks, cell, mode));
    TRY(CheckPart(cell.defense, specs.defenses, cell, mode));
    TRY(CheckPart(cell.judge, specs.judges, cell, mode));
    if (mode == Mode::kReal) TRY(CheckCostBounds(config.limits, cell));
    if (mode == Mode::kReal) TRY(CheckRelayCost(config.limits, cell));
    const PartSpec* agent = FindSpec(specs.agents, cell.agent.name);
    if (mode == Mode::kReal && agent != nullptr && agent->model_role.empty() && cell.agent.name == "shim") {
      return UserError(
          "mode REAL puts a model in the agent's place: set `agent: { name: tool_agent }` and `models.agent`, or run "
          "with --mode SHIM",
          "agent.name");
    }
  }
  return {};
}

std::string PlayByShim(SweepConfig& config, const PartSpecs& specs) {
  const PartSpec* agent = FindSpec(specs.agents, config.agent.name);
  if (config.mode != Mode::kShim || agent == nullptr) return {};
  if (agent->model_role.empty() && !IsExternalAgent(agent->name)) return {};
  const std::string before = config.agent.name;
  const PartSpec* shim = FindSpec(specs.agents, "shim");
  CHECK(shim != nullptr, "the simulated agent is missing from the catalog");
  config.agent = PartConfig{"shim", Json::MakeObject()};
  for (const OptionSpec& option : shim->options) config.agent.options.Set(option.name, option.fallback);
  config.models = ModelsConfig();
  return fmt::format("mode SHIM: the simulated agent plays in place of `{}`, and no model is asked", before);
}

LiveModels::LiveModels() = default;
LiveModels::~LiveModels() = default;

Expected<std::unique_ptr<LiveModels>> LiveModels::Open(const RunDirectory& run, const std::filesystem::path& log,
                                                       const std::filesystem::path& replay, bool relays,
                                                       SharedBudget& budget) {
  std::unique_ptr<LiveModels> models(new LiveModels());
  TRY_ASSIGN(models->loop_, IoLoop::Create(models->clock_));
  ModelSources sources;
  if (!replay.empty()) {
    TRY_ASSIGN(const RunDirectory kept, RunDirectory::Open(run.disk(), replay));
    const auto files = kept.exchanges();
    if (files.empty()) return UserError("holds no exchanges to replay; only REAL runs keep them", replay.string());
    TRY_ASSIGN(sources.replay, Recording::Open(files));
    if (relays) {
      models->http_ = std::make_unique<Http>(*models->loop_);  // for agents that are asked over HTTP: no model is
      TRY_ASSIGN(models->server_, HttpServer::Listen(*models->loop_, {}));
    }
  } else {
    models->http_ = std::make_unique<Http>(*models->loop_, HttpSettings(),
                                           relays ? ConnectionsLive::kOnLoop : ConnectionsLive::kOnOwnThread);
    sources.http = models->http_.get();
    TRY_ASSIGN(models->server_, HttpServer::Listen(*models->loop_, {}));
    // Opening the log first cuts off a line that a kill has torn.
    TRY_ASSIGN(models->log_, ExchangeLog::Open(run.disk(), log));
    sources.log = models->log_.get();
    TRY_ASSIGN(sources.reuse, Recording::OpenSound(run.exchanges()));
    if (const std::string damage = sources.reuse->damage(); !damage.empty()) PrintNote("note: " + damage);
  }
  sources.rate_share = [&budget] { return budget.rate_share(); };
  sources.hooks.admit = [&budget, &loop = *models->loop_](const ModelRequest& request) {
    return Admit(budget.budget(), request.identity.role, loop);
  };
  sources.hooks.spent = [&budget](Role role, const Usage& usage) { budget.budget().Charge(role, usage); };
  models->turns_ = std::make_unique<LiveTurns>(sources.log, sources.replay, sources.reuse,
                                               sources.replay ? CallHooks() : sources.hooks);
  models->shelf_ = std::make_unique<ModelShelf>(std::move(sources));
  return models;
}

Expected<Model*> LiveModels::Get(const std::optional<PartConfig>& model) {
  if (!model) return nullptr;
  return shelf_->Get(model->name, model->options);
}

Expected<ModelSet> LiveModels::ModelsOf(const Cell& cell) {
  ModelSet set;
  for (const Role role : kEvery<Role>) {
    TRY_ASSIGN(set[role], Get(cell.models[role]));
  }
  if (set[Role::kAgent] == nullptr && IsExternalAgent(cell.agent.name)) set[Role::kAgent] = turns_.get();
  return set;
}

}  // namespace xsweep
