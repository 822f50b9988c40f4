// Probe: one tiny call to every model that a config names, before a sweep is paid for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/wires/price.h"
#include "plan/plan.h"
#include "words/usage.h"

namespace xsweep {

/// What one call has shown. Empty: it did not show that.
struct ModelProbe {
  std::string role;
  PartConfig model;
  bool reachable = false;
  std::optional<bool> known;
  std::string tools = "not needed";  ///< of the agent: called, as text, ignored, no answer, refused, unknown
  std::optional<Price> price;
  std::string problem;
  std::string advice;  ///< nothing is broken, but a run would not be what it seems
  Usage usage;

  bool good() const { return problem.empty(); }
};

/// Every model that some cell gives a role, once.
std::vector<ModelProbe> ModelsToProbe(const Plan& plan);
/// Asks them all at once. Fails with kUser, and asks nobody, where a provider is unknown or its key is missing.
Status ProbeModels(std::vector<ModelProbe>& probes);

std::string ProbeTable(const std::vector<ModelProbe>& probes);
Json ProbesAsJson(const std::vector<ModelProbe>& probes);

}  // namespace xsweep
