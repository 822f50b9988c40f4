// How `xsweep plan` shows a plan: as text for people, as JSON for machines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "config/sweep_config.h"
#include "plan/plan.h"

namespace xsweep {

/// Cells (arms that controls add are marked), tasks, seeds, trials, expected calls, tokens and cost.
std::string PlanAsText(const SweepConfig& config, const Plan& plan);
/// {"exp", "mode", "config_hash", "cells": [{"id", "arm", "hash", "axes"}], "tasks": [...], "seeds": [...], "trials",
///  "trials_total", "expected": {"calls", "tokens", "cost_usd" (null: unknown), "roles": [...]}}
Json PlanAsJson(const SweepConfig& config, const Plan& plan);

}  // namespace xsweep
