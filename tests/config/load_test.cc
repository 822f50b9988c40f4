// What the loader promises: every fault has its place and says what to do.
// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/example_parts.h"
#include "config/resolved.h"

namespace xsweep {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(GoodConfig, GetsEveryDefault) {
  const auto config = LoadExample(ExampleConfig());
  ASSERT_TRUE(config) << config.error().Text();
  EXPECT_EQ(config->exp, "example_v1");
  EXPECT_EQ(config->mode, Mode::kShim);
  EXPECT_EQ(config->trials, 1U);
  EXPECT_EQ(config->defense.name, "none");
  EXPECT_EQ(config->agent.options.Dump(), R"({"competence":0.95,"susceptibility":0.5})");
  EXPECT_EQ(config->attack.options.Dump(), R"({"levels":["please","now"],"amount":[150,369]})");
  EXPECT_EQ(config->environment.options.Dump(), R"({"user":"scripted"})");
  EXPECT_EQ(config->limits.max_turns, 30);
  EXPECT_TRUE(config->tasks.empty());
}

TEST(GoodConfig, WritesListsInShort) {
  const auto config = LoadExample(
      "exp: a\nseeds: 1..3\nenvironment: {name: airline, tasks: [7, x, 10..12]}\nagent: {name: tools}\njudge: {name: "
      "out_of_policy_refund}\n");
  ASSERT_TRUE(config) << config.error().Text();
  EXPECT_EQ(config->seeds, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(config->tasks, (std::vector<std::string>{"7", "x", "10", "11", "12"}));
}

TEST(Fault, NamesItsPlaceAndASuggestion) {
  EXPECT_EQ(With("trails: 3"), "run.yaml:7:1: unknown key `trails`, did you mean `trials`?");
  EXPECT_EQ(With("exp: again"), "run.yaml:7:1: key `exp` is given twice (first on line 1)");
  EXPECT_EQ(With("trials: -3"), "run.yaml:7:9: `trials` must be at least 1, not -3");
  EXPECT_EQ(With("trials: many"), "run.yaml:7:9: `trials` must be a whole number, not text `many`");
  EXPECT_EQ(With("trials: 2.5"), "run.yaml:7:9: `trials` must be a whole number, not a number `2.5`");
  EXPECT_EQ(With("controls: yes"), "run.yaml:7:11: `controls` must be true or false, not text `yes`; write true");
  EXPECT_EQ(With("mode: LIVE"), "run.yaml:7:7: `mode` cannot be `LIVE`; it is one of: SHIM, REAL");
  EXPECT_EQ(With("defense: {name: refundlimit}"),
            "run.yaml:7:17: unknown defense `refundlimit`, did you mean `refund_limit`?");
  EXPECT_EQ(With("defense: {name: refund_limit, treshold: 3}"),
            "run.yaml:7:31: unknown option `treshold` of defense `refund_limit`, did you mean `threshold`?");
  EXPECT_EQ(With("defense: {name: refund_limit, threshold: high}"),
            "run.yaml:7:42: `defense.threshold` must be a number, not text `high`");
  EXPECT_EQ(With("defense: {name: refund_limit, threshold: .inf}"), "run.yaml:7:42: `.inf` is not a finite number");
  EXPECT_EQ(With("defense: {name: refund_limit, reason: 5}"),
            "run.yaml:7:39: `defense.reason` must be text, not a whole number `5`; for text write \"5\"");
  EXPECT_EQ(With("defense: {threshold: 3}"), "run.yaml:7:10: `defense` needs `name`: which defense?");
  EXPECT_EQ(With("defense: none"), "run.yaml:7:10: `defense` must be a mapping {name: ...}, not text");
  EXPECT_EQ(With("limits: {max_call: 3}"), "run.yaml:7:10: unknown limit `max_call`, did you mean `max_calls`?");
  EXPECT_EQ(With("limits: {max_error_rate: 2}"), "run.yaml:7:26: `limits.max_error_rate` must be at most 1, not 2");
  EXPECT_EQ(With("models: {agnet: {provider: scripted}}"),
            "run.yaml:7:10: unknown model role `agnet`, did you mean `agent`?");
  EXPECT_EQ(With("models: {agent: {provider: openai}}"), "run.yaml:7:17: provider `openai` needs option `model`");
  EXPECT_EQ(With("transcripts: sample:0"),
            "run.yaml:7:14: `transcripts` must be all, failures, none or sample:N with N from 1 to 999999999, not "
            "`sample:0`");
}

TEST(FaultInARolesLimits, NamesItsPlaceAndASuggestion) {
  EXPECT_EQ(With("limits: {role: {}}"), "run.yaml:7:10: unknown limit `role`, did you mean `roles`?");
  EXPECT_EQ(With("limits: {roles: 3}"), "run.yaml:7:17: `limits.roles` must be a mapping of roles, not a whole number");
  EXPECT_EQ(With("limits: {roles: {attack: {max_calls: 3}}}"),
            "run.yaml:7:18: unknown role `attack`, did you mean `attacker`?");
  EXPECT_EQ(With("limits: {roles: {user: 3}}"),
            "run.yaml:7:24: `limits.roles.user` must be a mapping, not a whole number");
  EXPECT_EQ(With("limits: {roles: {user: {max_call: 3}}}"),
            "run.yaml:7:25: unknown limit `max_call` of a role, did you mean `max_calls`?");
  EXPECT_EQ(With("limits: {roles: {judge: {max_seconds: 3, max_error_rate: 0.1}}}"),
            "run.yaml:7:26: `max_seconds` does not divide by role; set `limits.max_seconds`\n"
            "run.yaml:7:42: `max_error_rate` does not divide by role; set `limits.max_error_rate`");
}

TEST(FaultsInRolesLimits, ComeAllInOneGo) {
  EXPECT_EQ(With("limits:\n  max_calls: -1\n  roles:\n    agent: {max_calls: 1.5, max_cost_usd: much}\n    usr: {}"),
            "run.yaml:8:14: `limits.max_calls` must be at least 0, not -1\n"
            "run.yaml:10:24: `limits.roles.agent.max_calls` must be a whole number, not a number `1.5`\n"
            "run.yaml:10:43: `limits.roles.agent.max_cost_usd` must be a number, not text `much`\n"
            "run.yaml:11:5: unknown role `usr`, did you mean `user`?");
}

TEST(Fault, InNestedPartsNamesTheInnerPlace) {
  EXPECT_EQ(
      With("defense:\n  name: stack\n  defenses:\n    - {name: refund_limit, threshold: -1}\n    - {name: quotta}"),
      "run.yaml:10:39: `defense.defenses[0].threshold` must be at least 0, not -1\n"
      "run.yaml:11:14: unknown defense `quotta`, did you mean `quota`?");
}

TEST(Faults, ComeAllInOneGoInTheOrderOfTheFile) {
  EXPECT_EQ(
      Faulty("exp: ../up\nseeds: [1, 1, -1]\ntrials: 0\nfoo: 1\nagent: {name: shim, competence: 2}\n"),
      "run.yaml:1:1: `environment` is missing: The world, its tools and tasks.\n"
      "run.yaml:1:1: `judge` is missing: What decides whether the attack succeeded.\n"
      "run.yaml:1:6: `exp` must be letters, digits, `_`, `-` and `.` (not first), at most 100 of them, and neither "
      "`latest` nor `index.csv`, not `../up`\n"
      "run.yaml:2:12: seed 1 is given twice\n"
      "run.yaml:2:15: a seed must be from 0 to 9223372036854775807, not -1\n"
      "run.yaml:3:9: `trials` must be at least 1, not 0\n"
      "run.yaml:4:1: unknown key `foo`; known keys: exp, description, mode, seeds, trials, environment, agent, attack, "
      "defense, judge, goals, tasks, effects, vectors, grid, controls, limits, models, prices, gates, transcripts, "
      "unanswered, judge_checked\n"
      "run.yaml:5:33: `agent.competence` must be at most 1, not 2");
}

TEST(Seeds, StayWithinSixtyThreeBits) {
  EXPECT_EQ(Faulty("seeds: [9223372036854775808]\n" + ExampleConfig().substr(ExampleConfig().find("environment")) +
                   "exp: a\n"),
            "run.yaml:1:9: a seed must be from 0 to 9223372036854775807, not 9223372036854775808");
}

TEST(Text, ThatIsNoConfigIsRefused) {
  EXPECT_EQ(Faulty(""),
            "run.yaml:1:1: the file is empty; a config has at least exp, seeds, environment, agent and judge");
  EXPECT_EQ(Faulty("# only a comment\n"), Faulty(""));
  EXPECT_EQ(Faulty("- a\n"), "run.yaml:1:1: a config is a mapping of keys, not a list");
  EXPECT_EQ(Faulty("exp: a\nagent:\n\tname: shim\n"),
            "run.yaml:3:1: a tab in the indentation; YAML allows only spaces there");
  EXPECT_EQ(Faulty("exp: a\ndescription: caf\xE9\n"), "run.yaml:2:17: not UTF-8: byte 0xe9; save the file as UTF-8");
  EXPECT_EQ(Faulty(std::string("exp: a\0b\n", 9)),
            "run.yaml:1:7: control character 0x00; write it as an escape in double quotes");
  EXPECT_THAT(With("---\nexp: b"), StartsWith("run.yaml:8:1: a second document; a config is one document"));
  EXPECT_THAT(Faulty("exp: [a\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(Faulty("exp: !!python/object a\n"), HasSubstr("tags are not supported"));
}

TEST(HostileText, IsBounded) {
  EXPECT_THAT(Faulty(std::string(100'000, '[')), HasSubstr("not valid YAML"));
  EXPECT_THAT(Faulty("a: " + std::string(70, '[') + std::string(70, ']')), HasSubstr("nested deeper than 64 levels"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 9; ++j) bomb += ", " + last;
    bomb += "]\n";
  }
  EXPECT_THAT(Faulty(bomb), HasSubstr("more than 200000 values, aliases included"));
}

TEST(HostileText, WithTenThousandUnknownKeysGetsAShortAnswer) {
  std::string text = ExampleConfig();
  for (int i = 0; i < 10'000; ++i) text += "key_" + std::to_string(i) + ": 1\n";
  const std::string faults = Faulty(text);
  EXPECT_EQ(std::ranges::count(faults, '\n'), 50);
  EXPECT_THAT(faults, EndsWith("run.yaml: and 9,950 more faults"));
}

TEST(GridFault, SaysWhatIsWrongWithTheAxis) {
  EXPECT_EQ(
      With("grid: {judge.treshold: [1]}"),
      "run.yaml:7:8: grid axis `judge.treshold` does not exist (not an option of `out_of_policy_refund`), did you "
      "mean `judge.threshold`?");
  EXPECT_EQ(With("grid: {jugde.threshold: [1]}"),
            "run.yaml:7:8: grid axis `jugde.threshold` does not exist, did you mean `judge.threshold`?");
  EXPECT_EQ(With("grid: {judge.threshold: [1, high]}"),
            "run.yaml:7:29: `judge.threshold` must be a number, not text `high`");
  EXPECT_EQ(With("grid: {judge.threshold: [100, 100.0]}"),
            "run.yaml:7:31: axis `judge.threshold` repeats the value 100");
  EXPECT_EQ(With("grid: {defense: [{name: none, label: a}, {name: quota, label: a}]}"),
            "run.yaml:7:63: axis `defense` has two values labelled a");
  EXPECT_EQ(With("grid: {defense: [{name: none, label: [a]}]}"),
            "run.yaml:7:38: `label` of axis `defense` must be a text of at most 60 characters");
  EXPECT_EQ(With("grid: {judge.threshold: 3}"),
            "run.yaml:7:25: axis `judge.threshold` must be a list of values, not a whole number");
  EXPECT_EQ(With("grid: {judge.threshold: []}"),
            "run.yaml:7:25: axis `judge.threshold` has no values; leave it out or give it some");
  EXPECT_EQ(With("grid: {defense.name: [none, quotta]}"),
            "run.yaml:7:29: unknown defense `quotta`, did you mean `quota`?");
  EXPECT_EQ(
      With("grid: {seeds: [1]}"),
      "run.yaml:7:8: `seeds` cannot be an axis; axes lead into agent, attack, defense, judge, environment and models");
  EXPECT_EQ(With("grid: {environment.tasks: [all]}"),
            "run.yaml:7:8: `environment.tasks` cannot be an axis: it changes the list of tasks, which all cells share; "
            "write one config for each");
  EXPECT_EQ(With("grid: {defense: [{name: none}], defense.name: [none]}"),
            "run.yaml:7:33: axes `defense` and `defense.name` overlap; put the option into the mappings of one axis");
}

TEST(NameAxis, LetsTheSectionHoldOptionsOfEveryPartItCanTake) {
  EXPECT_EQ(With("defense: {name: none, threshold: 5}\ngrid: {defense.name: [none, refund_limit]}"), "ok");
  EXPECT_EQ(With("defense: {name: none, foo: 5}\ngrid: {defense.name: [none, refund_limit]}"),
            "run.yaml:7:23: unknown option `foo` of defense `none` or `refund_limit`; it takes: threshold, reason");
  EXPECT_EQ(With("defense: {name: none}\ngrid: {defense.name: [stack]}"),
            "run.yaml:7:10: defense `stack` needs option `defenses`");
}

TEST(OptionAxis, SuppliesARequiredOption) {
  const std::string text = ExampleConfig() + "grid: {attack.levels: [[a], [b]]}\n";
  EXPECT_EQ(Faulty(text), "ok");
  std::string without = text;
  without.replace(without.find(", levels: [please, now]"), 23, "");
  EXPECT_EQ(Faulty(without), "ok");
}

TEST(Overrides, ReplaceWhatTheFileSays) {
  const Overrides overrides{.exp = "renamed",
                            .mode = "REAL",
                            .seeds = "7,8",
                            .trials = "3",
                            .sets = {"attack.levels=[\"x y\", z]", "grid.judge.threshold=[1, 2]", "limits.max_calls=9",
                                     "limits.roles.attacker.max_calls=5"}};
  const auto config = LoadExample(ExampleConfig(), overrides);
  ASSERT_TRUE(config) << config.error().Text();
  EXPECT_EQ(config->exp, "renamed");
  EXPECT_EQ(config->mode, Mode::kReal);
  EXPECT_EQ(config->seeds, (std::vector<std::uint64_t>{7, 8}));
  EXPECT_EQ(config->trials, 3U);
  EXPECT_EQ(config->attack.options.Find("levels")->Dump(), R"(["x y","z"])");
  EXPECT_EQ(config->grid.at(0).path, "judge.threshold");
  EXPECT_EQ(config->limits.max_calls, 9);
  EXPECT_EQ(config->limits.roles[Role::kAttacker].max_calls, 5);
}

TEST(OverrideFault, NamesTheFlag) {
  EXPECT_EQ(Faulty(ExampleConfig(), {.seeds = "4x"}),
            "--seeds: a seed must be a whole number or a range such as 1..64, not text `4x`");
  EXPECT_EQ(Faulty(ExampleConfig(), {.trials = "-1"}), "--trials: `trials` must be at least 1, not -1");
  EXPECT_EQ(Faulty(ExampleConfig(), {.mode = "shim"}), "--mode: `mode` cannot be `shim`; it is one of: SHIM, REAL");
  EXPECT_EQ(
      Faulty(ExampleConfig(), {.sets = {"judge.treshold=3"}}),
      "--set judge.treshold: unknown option `treshold` of judge `out_of_policy_refund`, did you mean `threshold`?");
  EXPECT_EQ(Faulty(ExampleConfig(), {.sets = {"judge"}}),
            "--set judge: expected PATH=VALUE, e.g. --set judge.threshold=300");
  EXPECT_EQ(Faulty(ExampleConfig(), {.sets = {"exp.name=3"}}),
            "--set exp.name: `exp` is not a mapping, so nothing can be set in it");
}

TEST(OverrideFault, OfAnEmptyValueIsNotPassedOver) {
  EXPECT_EQ(Faulty(ExampleConfig(), {.trials = ""}), "--trials: `trials` must be a whole number, not nothing");
  EXPECT_EQ(Faulty(ExampleConfig(), {.seeds = ""}),
            "--seeds: a seed must be a whole number or a range such as 1..64, not nothing");
  EXPECT_EQ(Faulty(ExampleConfig(), {.sets = {"judge.threshold="}}),
            "--set judge.threshold: `judge.threshold` must be a number, not nothing");
  EXPECT_EQ(Faulty(ExampleConfig(), {.sets = {"=3"}}), "--set: expected PATH=VALUE, e.g. --set judge.threshold=300");
}

TEST(SeedsFlag, SaysTheSameOfASeedOutOfRangeAsTheFile) {
  for (const std::string seed : {"-1", "9223372036854775808", "18446744073709551616"}) {
    EXPECT_EQ(Faulty(ExampleConfig(), {.seeds = "41," + seed}),
              "--seeds: a seed must be from 0 to 9223372036854775807, not " + seed);
  }
}

TEST(AbsentValue, IsMarkedAtItsKey) {
  EXPECT_EQ(With("controls:\ntrials: 2"), "run.yaml:7:1: `controls` must be true or false, not nothing");
  EXPECT_EQ(With("defense:\n\n"), "run.yaml:7:1: `defense` must be a mapping {name: ...}, not nothing");
}

TEST(NamesOfFilesAmongTheResults, NameNoExperiment) {
  for (const std::string name : {"latest", "index.csv"}) {
    EXPECT_EQ(Faulty(ExampleConfig(), {.exp = name}),
              "--exp: `exp` must be letters, digits, `_`, `-` and `.` (not first), at most 100 of them, and neither "
              "`latest` nor `index.csv`, not `" +
                  name + "`");
  }
}

TEST(HalfACharacter, IsExplained) {
  EXPECT_EQ(With(R"(description: "\ud83d\ude00")"),
            "run.yaml:7:21: not valid YAML: invalid unicode: 55357; write the character itself or \\U and its eight "
            "digits");
}

}  // namespace
}  // namespace xsweep
