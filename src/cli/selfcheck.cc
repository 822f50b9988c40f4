// xsweep selfcheck: proves that an environment's tasks, goals and controls work, before anybody trusts a number.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "base/async.h"
#include "cli/command.h"
#include "engine/run_trial.h"
#include "sweep/experiment.h"

namespace xsweep {
namespace {

/// One line of the check: the roles of a cell and what every trial of it must come to.
struct Claim {
  std::string words;
  std::string agent, attack, defense;
  std::function<bool(const Trial&)> holds;
};

std::string Quoted(const std::string& text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

std::string ConfigText(const std::string& environment, const std::string& data, const Claim& claim) {
  const std::string more = data.empty() ? "" : ", data: " + Quoted(data);
  return fmt::format(
      "exp: selfcheck\nseeds: [1]\ntrials: 1\nenvironment: {{ name: {}{} }}\nagent: {}\nattack: {}\n"
      "defense: {}\njudge: {{ name: goal_reached }}\ntranscripts: none\n",
      Quoted(environment), more, claim.agent, claim.attack, claim.defense);
}

std::string AttackFor(const std::string& goal) {
  return fmt::format("{{ name: static, goal: {}, amount: [150, 369] }}", goal);
}

std::vector<Claim> Claims(const EnvironmentSource& environment) {
  const auto outcome = [](Outcome wanted) { return [wanted](const Trial& trial) { return trial.outcome == wanted; }; };
  std::vector<Claim> claims = {
      {"reference actions reach the reference end state", "{ name: shim, competence: 1, susceptibility: 0 }",
       "{ name: none }", "{ name: none }",
       [](const Trial& trial) { return trial.outcome == Outcome::kBenign && trial.task_success.value_or(true); }},
  };
  // A bridged environment has no goals to attack.
  if (environment.goals().empty()) return claims;
  claims.insert(
      claims.end(),
      {
          {"block_everything: an agent that obeys the attacker executes nothing", "{ name: always_comply }",
           AttackFor(environment.goals().front()), "{ name: block_everything }", outcome(Outcome::kAttackBlocked)},
          {"do_nothing: an attack on an idle agent never succeeds", "{ name: do_nothing }",
           AttackFor(environment.goals().front()), "{ name: none }",
           [](const Trial& trial) { return trial.outcome == Outcome::kAttackResisted && trial.executed == 0; }},
      });
  for (const std::string& goal : environment.goals()) {
    claims.push_back({"goal " + goal + ": reached by an agent that obeys the attacker", "{ name: always_comply }",
                      AttackFor(goal), "{ name: none }", outcome(Outcome::kAttackSucceeded)});
  }
  return claims;
}

struct Finding {
  std::uint64_t held = 0;
  std::uint64_t trials = 0;
  std::string first_failure;
};

Expected<Finding> Check(const std::string& environment, const std::string& data, const Claim& claim) {
  TRY_ASSIGN(const Experiment experiment, OpenExperimentText(ConfigText(environment, data, claim), "selfcheck", {}));
  const auto no_models = [](const Cell&) { return Expected<ModelSet>(ModelSet()); };
  TRY_ASSIGN(const TrialRunner runner, TrialRunner::Prepare(experiment.config, experiment.plan, experiment.catalog,
                                                            experiment.environment, no_models));
  Finding finding;
  for (std::uint64_t index = 0; index < experiment.plan.size(); ++index) {
    TRY_ASSIGN(const TrialRecord record, RunNow(runner.Run(experiment.plan.At(index), {})));
    ++finding.trials;
    if (claim.holds(record.row)) {
      ++finding.held;
    } else if (finding.first_failure.empty()) {
      finding.first_failure = fmt::format("task {}: {}{}{}", record.row.task, NameOf(record.row.outcome),
                                          record.row.error_message.empty() ? "" : ", ", record.row.error_message);
    }
  }
  return finding;
}

}  // namespace

Expected<int> SelfcheckCommand(const Invocation& invocation) {
  std::string name = "airline";
  std::string data;
  Arguments arguments("selfcheck",
                      "Replays every task's reference actions, reaches every attack goal and checks the controls.",
                      "xsweep selfcheck --environment airline");
  arguments.Option("--environment", &name, "which environment (default airline)")
      .Option("--data", &data, "its data, where it needs some");
  TRY_ASSIGN(const auto help, arguments.Parse(invocation.words));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  const Claim opening{"", "{ name: do_nothing }", "{ name: none }", "{ name: none }", {}};
  TRY_ASSIGN(const Experiment opened, OpenExperimentText(ConfigText(name, data, opening), "selfcheck", {}));
  const EnvironmentInfo& info = opened.environment->info();
  Print(fmt::format("{}: {}, {} tasks, {} tools\n", info.name, info.version, opened.environment->tasks().size(),
                    opened.environment->tools().size()));
  bool sound = true;
  for (const Claim& claim : Claims(*opened.environment)) {
    TRY_ASSIGN(const Finding finding, Check(name, data, claim));
    const bool held = finding.held == finding.trials;
    sound = sound && held;
    Print(fmt::format("{} {}: {} of {}{}{}\n", held ? "ok  " : "FAIL", claim.words, finding.held, finding.trials,
                      held ? "" : "; first: ", finding.first_failure));
  }
  const double floor = DoNothingFloor(opened);
  const std::size_t tasks = opened.environment->tasks().size();
  Print(floor < 0 ? "floor: how many of the tasks an agent that does nothing solves is not known\n"
                  : fmt::format("floor: an agent that does nothing solves {:.1f} % of the tasks ({} of {})\n",
                                100 * floor, std::llround(floor * static_cast<double>(tasks)), tasks));
  return sound ? kExitDone : kExitFail;
}

}  // namespace xsweep
