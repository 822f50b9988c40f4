// benchmark_attack: the environment's own attack, in its own words, in its own places.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "parts/attacks/attacks.h"
#include "parts/attacks/payload.h"

namespace xsweep {
namespace {

struct BenchmarkAttackSettings : GoalSettings {
  std::string attack;
};

const Options<BenchmarkAttackSettings> kBenchmarkAttackOptions(
    kGoalOptions,
    {Opt("attack", &BenchmarkAttackSettings::attack,
         "What the benchmark calls it: important_instructions, tool_knowledge, dos, ...", {.required = true})});

class BenchmarkAttack : public Attack {
 public:
  explicit BenchmarkAttack(std::string attack) : attack_(std::move(attack)) {}

  Channel channel() const override { return Channel::kRecord; }
  std::string payload() const override { return "the benchmark's own " + attack_; }
  std::vector<Planting> Plantings() const override { return {Planting{.vector = "*", .text = {}, .attack = attack_}}; }

 private:
  const std::string attack_;
};

}  // namespace

AttackEntry BenchmarkAttackEntry() {
  return AttackEntry::Of(
      {.name = "benchmark_attack", .summary = "An attack of the benchmark that a worker serves, in its own words."},
      kBenchmarkAttackOptions, [](const BenchmarkAttackSettings& settings) {
        return AttackPlan{.goal = ReadGoal(settings), .none = false, .make = [attack = settings.attack](const auto&) {
                            return std::make_unique<BenchmarkAttack>(attack);
                          }};
      });
}

}  // namespace xsweep
