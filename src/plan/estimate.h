// What a plan is expected to take before anything runs: model calls, tokens, cost.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace xsweep {

/// What one trial is assumed to ask of the model of a role. Rough on purpose: a dialogue of eight turns.
struct RoleAssumption {
  std::string role;              ///< its word
  double calls = 0;              ///< per trial
  double prompt_tokens = 0;      ///< per call
  double completion_tokens = 0;  ///< per call
};
std::vector<RoleAssumption> DefaultAssumptions();

/// US dollars per million tokens.
struct TokenPrice {
  double prompt_usd = 0;
  double completion_usd = 0;
};

struct RoleEstimate {
  std::string role;
  double calls = 0;
  double prompt_tokens = 0;
  double completion_tokens = 0;
  std::optional<double> cost_usd;  ///< empty: the price is not known
};

struct Estimate {
  std::vector<RoleEstimate> roles;  ///< only those whose model is asked in some cell
  double calls = 0;
  double tokens = 0;
  std::optional<double> cost_usd;  ///< empty when the price of any asked model is not known; 0 in SHIM
};

/// The price that the model's options name, `price: {input: USD, output: USD}` per million tokens, when they name both.
std::optional<TokenPrice> PriceOf(const PartConfig& model);

/// Counts a role in a cell when the cell configures a model for it, of cells that share their dialogues all but the
/// judge once; in SHIM nothing is asked and nothing costs.
Estimate EstimatePlan(const Plan& plan, Mode mode,
                      const std::vector<RoleAssumption>& assumptions = DefaultAssumptions());

}  // namespace xsweep
