// How `xsweep plan` shows a plan.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/plan_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "config/lists.h"
#include "config/resolved.h"
#include "plan/estimate.h"
#include "sweep/open/gate_warnings.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostCellsShown = 60;

std::string Plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", WithThousands(count), noun, count == 1 ? "" : "s");
}

std::string CostInWords(const std::optional<double>& cost_usd) {
  return cost_usd ? fmt::format("${:.2f}", *cost_usd) : "unknown (no price for one of the models)";
}

std::string Rounded(double value) { return WithThousands(static_cast<std::uint64_t>(std::llround(value))); }

std::string CellLines(const Plan& plan) {
  std::string out;
  std::map<std::string, std::string> first_with_hash;
  for (const Cell& cell : plan.cells()) {
    if (cell.index >= kMostCellsShown) {
      out += fmt::format("  ... and {} more\n", WithThousands(plan.cells().size() - kMostCellsShown));
      break;
    }
    const auto [same, added] = first_with_hash.emplace(cell.hash, cell.id);
    const std::uint32_t holder = plan.dialogues().HolderOf(cell.index);
    const std::string shared = !added ? fmt::format("  (plays the same as {})", same->second)
                               : holder == cell.index
                                   ? ""
                                   : fmt::format("  (judges the dialogues of {})", plan.cells()[holder].id);
    out += fmt::format("  {:>3}  {}{}{}\n", cell.index, cell.id, cell.arm == Arm::kGrid ? "" : "  (control)", shared);
  }
  return out;
}

std::string CostLines(const SweepConfig& config, const Plan& plan) {
  if (config.mode == Mode::kShim) return "expected  no model calls and no cost: SHIM simulates the agent\n";
  const Estimate estimate = EstimatePlan(plan, config.mode);
  if (estimate.roles.empty()) return "expected  unknown: no models are configured\n";
  std::string out = fmt::format("expected  {} calls, {} tokens, cost {}\n", Rounded(estimate.calls),
                                Rounded(estimate.tokens), CostInWords(estimate.cost_usd));
  for (const RoleEstimate& role : estimate.roles) {
    out += fmt::format("  {:<9} {} calls, {} prompt and {} completion tokens, {}\n", role.role, Rounded(role.calls),
                       Rounded(role.prompt_tokens), Rounded(role.completion_tokens), CostInWords(role.cost_usd));
  }
  out += "  (assumes dialogues of about eight turns)\n";
  const auto bound = [&](CallLimit name, const auto& limit, double expected) {
    if (!limit || expected <= static_cast<double>(*limit)) return;
    out += fmt::format("  limits.{} ({}) may stop it before the end\n", NameOf(name), *limit);
  };
  // Prompt and completion tokens are not expected apart.
  bound(CallLimit::kCalls, config.limits.max_calls, estimate.calls);
  bound(CallLimit::kTotalTokens, config.limits.max_total_tokens, estimate.tokens);
  bound(CallLimit::kCost, config.limits.max_cost_usd, estimate.cost_usd.value_or(0));
  return out;
}

}  // namespace

std::string PlanAsText(const SweepConfig& config, const Plan& plan) {
  const auto controls = static_cast<std::uint64_t>(
      std::ranges::count_if(plan.cells(), [](const Cell& cell) { return cell.arm != Arm::kGrid; }));
  std::string out = fmt::format("{} ({}), config {}\n", config.exp, NameOf(config.mode), ConfigHash(config));
  out += fmt::format("cells     {} ({} of the grid, {} added by controls)\n", WithThousands(plan.cells().size()),
                     WithThousands(plan.cells().size() - controls), WithThousands(controls));
  out += CellLines(plan);
  out += fmt::format("tasks     {} of {}\n", WithThousands(plan.tasks().size()), config.environment.name);
  out += fmt::format("seeds     {} ({})\n", WithThousands(plan.seeds().size()), [&] {
    const Json seeds = SeedsInShort(plan.seeds());
    return Printable(seeds.is_string() ? seeds.AsString() : seeds.Dump());
  }());
  out += fmt::format("trials    {} = {} x {} x {} x {}\n", WithThousands(plan.size()),
                     Plural(plan.cells().size(), "cell"), Plural(plan.tasks().size(), "task"),
                     Plural(plan.seeds().size(), "seed"), Plural(plan.trials(), "trial"));
  if (const Dialogues& dialogues = plan.dialogues(); dialogues.shared()) {
    out += fmt::format(
        "dialogues {}: cells that differ only in who judges share them; each is held once and judged for every cell\n",
        WithThousands(dialogues.size()));
  }
  for (const std::string& warning : GateWarnings(config, plan)) out += "warning   gate " + warning + "\n";
  return out + CostLines(config, plan);
}

Json PlanAsJson(const SweepConfig& config, const Plan& plan) {
  Json cells = Json::MakeArray();
  for (const Cell& cell : plan.cells()) {
    Json axes = Json::MakeObject();
    for (const auto& [path, value] : cell.axes) axes.Set(path, value);
    Json json = Json::MakeObject({{"id", cell.id}, {"arm", NameOf(cell.arm)}, {"hash", cell.hash}, {"axes", axes}});
    if (const std::uint32_t holder = plan.dialogues().HolderOf(cell.index); holder != cell.index)
      json.Set("dialogues_of", plan.cells()[holder].id);
    cells.Append(std::move(json));
  }
  Json tasks = Json::MakeArray();
  for (const std::string& task : plan.tasks()) tasks.Append(task);
  Json seeds = Json::MakeArray();
  for (const std::uint64_t seed : plan.seeds()) seeds.Append(seed);
  const Estimate estimate = EstimatePlan(plan, config.mode);
  const auto cost = [](const std::optional<double>& usd) { return usd ? Json(*usd) : Json(); };
  Json roles = Json::MakeArray();
  for (const RoleEstimate& role : estimate.roles) {
    roles.Append(Json::MakeObject({{"role", role.role},
                                   {"calls", role.calls},
                                   {"prompt_tokens", role.prompt_tokens},
                                   {"completion_tokens", role.completion_tokens},
                                   {"cost_usd", cost(role.cost_usd)}}));
  }
  Json warnings = Json::MakeArray();
  for (const std::string& warning : GateWarnings(config, plan)) warnings.Append(warning);
  return Json::MakeObject({{"exp", config.exp},
                           {"gate_warnings", warnings},
                           {"mode", NameOf(config.mode)},
                           {"config_hash", ConfigHash(config)},
                           {"cells", cells},
                           {"tasks", tasks},
                           {"seeds", seeds},
                           {"trials", plan.trials()},
                           {"trials_total", plan.size()},
                           {"dialogues_total", plan.dialogues().size()},
                           {"expected", Json::MakeObject({{"calls", estimate.calls},
                                                          {"tokens", estimate.tokens},
                                                          {"cost_usd", cost(estimate.cost_usd)},
                                                          {"roles", roles}})}});
}

}  // namespace xsweep
