// GateWarnings: gates that no outcome of a plan can decide.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/gate_warnings.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/gates/gates.h"
#include "analyze/numbers.h"
#include "base/text.h"
#include "stats/sequential.h"
#include "stats/task_rate.h"

namespace xsweep {
namespace {

/// What there is to ask.
struct Shape {
  std::int64_t tasks = 0, trials_per_task = 0;
  bool attacked = false;  ///< some grid cell has an attack
  bool benign = false;    ///< some cell has none
};

Shape ShapeOf(const Plan& plan) {
  Shape shape{static_cast<std::int64_t>(plan.tasks().size()),
              static_cast<std::int64_t>(plan.seeds().size()) * plan.trials()};
  for (const Cell& cell : plan.cells()) {
    const bool none = cell.attack.name == "none" || cell.arm == Arm::kNoAttack;
    shape.benign |= none;
    shape.attacked |= !none && cell.arm == Arm::kGrid;
  }
  return shape;
}

std::string WhyNobodyAnswers(const Gate& gate, const Shape& shape) {
  switch (gate.rate) {
    case GateRate::kAsr:
    case GateRate::kAsrExposed:
    case GateRate::kUtilityUnderAttack: return shape.attacked ? "" : "no cell of the grid has an attack";
    case GateRate::kBenignUtility: return shape.benign ? "" : "no cell is without an attack; `controls: true` adds one";
    default: return {};
  }
}

/// The bound that a run without a single bad trial would give.
double BestBound(const Gate& gate, const Shape& shape) {
  const auto tasks = static_cast<std::size_t>(shape.tasks);
  const double confidence = gate.sequential ? stats::LookConfidence(1) : 0.95;
  stats::TaskScores none{std::vector<double>(tasks, 0.0), 1 / static_cast<double>(shape.trials_per_task)};
  if (gate.all_alike) none.within = 1;
  if (gate.k > 0) {
    none.within = std::min(1.0, static_cast<double>(gate.k) / static_cast<double>(shape.trials_per_task));
  }
  const double bound = gate.target == Basis::kTheseTasks ? stats::TheseTasks(none, confidence)->high
                                                         : stats::NothingSeen(tasks, none.within, confidence);
  return WantsLow(gate) ? bound : 1 - bound;
}

std::string WhyNoPass(const Gate& gate, const Shape& shape) {
  if (gate.k > shape.trials_per_task) {
    return fmt::format("no task has {} trials: seeds and trials give {} of each", gate.k, shape.trials_per_task);
  }
  const bool bound = gate.bound == GateBound::kUpper95 || gate.bound == GateBound::kLower95;
  if (!bound || gate.rate == GateRate::kErrorRate) return {};
  if (gate.target == Basis::kTasksAsDrawn && shape.tasks < 2) {
    return "one task says nothing about others; ask it of [these_tasks]";
  }
  const bool right_side = WantsLow(gate) == (gate.bound == GateBound::kUpper95);
  const double best = BestBound(gate, shape);
  if (!right_side || GateHolds(gate, best)) return {};
  return fmt::format("it cannot PASS: even {} {} tasks x {} trials say {} {} at best; more tasks would",
                     WantsLow(gate) ? "without any success" : "without any failure", shape.tasks, shape.trials_per_task,
                     WantsLow(gate) ? "at most" : "at least", Percent(best));
}

}  // namespace

std::vector<std::string> GateWarnings(const SweepConfig& config, const Plan& plan) {
  const Shape shape = ShapeOf(plan);
  std::vector<std::string> warnings;
  for (const std::string& text : config.gates) {
    const auto gate = ParseGate(text);
    if (!gate || shape.tasks == 0) continue;
    std::string why = WhyNobodyAnswers(*gate, shape);
    if (why.empty()) why = WhyNoPass(*gate, shape);
    if (!why.empty()) warnings.push_back(fmt::format("{}: {}", Printable(text), why));
  }
  return warnings;
}

}  // namespace xsweep
