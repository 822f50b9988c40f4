// Mistakes in configs and flags, as a person meets them: the exact message, exit 2, and nothing on the disk.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "cli/run_binary.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string& Config() {
  static const std::string text =
      "exp: a\n"
      "seeds: [1]\n"
      "environment: {name: airline, tasks: [\"0\", \"1\"]}\n"
      "agent: {name: shim}\n"
      "attack: {name: static, goal: unearned_certificate}\n"
      "judge: {name: out_of_policy_refund, threshold: 200}\n";
  return text;
}

class BadInput : public testing::Test {
 protected:
  /// What `xsweep run` says to this config. It ends with a usage error and leaves no results.
  std::string Says(const std::string& text, std::vector<std::string> flags = {}) const {
    std::ofstream(dir_ / "run.yaml", std::ios::binary) << text;
    flags.insert(flags.begin(), {"run", "run.yaml"});
    return SaysToFlags(std::move(flags));
  }
  std::string SaysToFlags(std::vector<std::string> words) const {
    words.insert(words.begin(), Binary());
    const auto result = RunProcess({.args = words, .directory = dir_.path().string()});
    EXPECT_TRUE(result && result->exit_code == 2) << result->out << result->err;
    EXPECT_EQ(result->out, "");
    EXPECT_FALSE(fs::exists(dir_ / "results"));
    return result->err;
  }
  /// The config with one more line, which is its seventh.
  std::string With(const std::string& line) const { return Says(Config() + line + "\n"); }
  std::string WithFlags(std::vector<std::string> flags) const { return Says(Config(), std::move(flags)); }

  const TempDir dir_;
};

TEST_F(BadInput, ThatIsNoFile) {
  EXPECT_EQ(SaysToFlags({"run", "nowhere.yaml"}), "xsweep: nowhere.yaml: cannot read: No such file or directory\n");
  EXPECT_EQ(SaysToFlags({"run", "."}), "xsweep: .: cannot read: Is a directory\n");
  EXPECT_EQ(SaysToFlags({"run"}),
            "xsweep: run: needs a config, e.g. configs/airline_escalating_v1/run.yaml; see `xsweep run --help`\n");
}

TEST_F(BadInput, ThatIsNoConfig) {
  EXPECT_EQ(
      Says(""),
      "xsweep: run.yaml:1:1: the file is empty; a config has at least exp, seeds, environment, agent and judge\n");
  EXPECT_EQ(Says("exp: a\nagent:\n\tname: shim\n"),
            "xsweep: run.yaml:3:1: a tab in the indentation; YAML allows only spaces there\n");
  EXPECT_EQ(With("description: caf\xE9"), "xsweep: run.yaml:7:17: not UTF-8: byte 0xe9; save the file as UTF-8\n");
  EXPECT_EQ(Says("\xEF\xBB\xBF" + Config() + "trails: 3\n"),
            "xsweep: run.yaml:7:1: unknown key `trails`, did you mean `trials`?\n");
}

TEST_F(BadInput, InKeysAndValues) {
  EXPECT_EQ(With("trails: 3"), "xsweep: run.yaml:7:1: unknown key `trails`, did you mean `trials`?\n");
  EXPECT_EQ(With("exp: b"), "xsweep: run.yaml:7:1: key `exp` is given twice (first on line 1)\n");
  EXPECT_EQ(With("controls: maybe"), "xsweep: run.yaml:7:11: `controls` must be true or false, not text `maybe`\n");
  EXPECT_EQ(With("trials: -3"), "xsweep: run.yaml:7:9: `trials` must be at least 1, not -3\n");
  EXPECT_EQ(With("defense: {name: refundlimit}"),
            "xsweep: run.yaml:7:17: unknown defense `refundlimit`, did you mean `refund_limit`?\n");
  EXPECT_EQ(With("defense: {name: refund_limit, threshold: high}"),
            "xsweep: run.yaml:7:42: `defense.threshold` must be a number, not text `high`\n");
  EXPECT_EQ(With("grid: {judge.treshold: [100]}"),
            "xsweep: run.yaml:7:8: grid axis `judge.treshold` does not exist (not an option of "
            "`out_of_policy_refund`), did you mean `judge.threshold`?\n");
  std::string seeds = Config();
  seeds.replace(seeds.find("[1]"), 3, "[9223372036854775808]");
  EXPECT_EQ(Says(seeds),
            "xsweep: run.yaml:2:9: a seed must be from 0 to 9223372036854775807, not 9223372036854775808\n");
}

TEST_F(BadInput, OfTenThousandKeysIsAnsweredShortly) {
  std::string text = Config();
  for (int i = 0; i < 10'000; ++i) text += fmt::format("key_{}: 1\n", i);
  const std::string said = Says(text);
  EXPECT_EQ(std::ranges::count(said, '\n'), 51);
  EXPECT_THAT(said, testing::StartsWith("xsweep: run.yaml:7:1: unknown key `key_0`; known keys: exp, description, "));
  EXPECT_THAT(said, testing::EndsWith("\nrun.yaml: and 9,950 more faults\n"));
}

TEST_F(BadInput, ThatOnlyTheEnvironmentOrThePartsCanTellHasItsPlaceTooAndComesInOneGo) {
  EXPECT_EQ(Says("exp: a\n"
                 "seeds: [1]\n"
                 "environment: {name: airline, tasks: [\"0\", nope, \"99\"]}\n"
                 "agent: {name: shim}\n"
                 "attack: {name: static, goal: unearned_certificat}\n"
                 "judge: {name: out_of_policy_refund}\n"
                 "grid:\n"
                 "  defense:\n"
                 "    - {name: none}\n"
                 "    - {name: redact, patterns: [\"(\"]}\n"
                 "    - {name: tool_policy, rules: [{tool: send_certificate, verdict: deny}]}\n"
                 "gates: [\"asr < x\"]\n"),
            "xsweep: run.yaml:3:43: environment `airline` has no task `nope`; it has 38 tasks\n"
            "run.yaml:3:49: environment `airline` has no task `99`; it has 38 tasks\n"
            "run.yaml:5:30: environment `airline` has no goal `unearned_certificat`, did you mean "
            "`unearned_certificate`?\n"
            "run.yaml:10:7: `(` is no regular expression: Unmatched ( or \\(\n"
            "run.yaml:11:7: defense tool_policy: unknown key `verdict` in a rule\n"
            "run.yaml:12:9: `asr < x`: expected a number such as 0.05 or 5% in \"asr < x\"\n");
  EXPECT_THAT(With("grid: {attack.goal: [unearned_certificate, free_lunch]}"),
              HasSubstr("run.yaml:7:44: environment `airline` has no goal `free_lunch`; there are: "));
}

TEST_F(BadInput, InTheSettingsOfAModelIsFoundBeforeAnyKeyIsAskedFor) {
  EXPECT_EQ(With("models:\n"
                 "  agent: {provider: openai, model: m, base_url: 127.0.0.1:8000, price: {input: 1}, max_tokens: 9,\n"
                 "          extra: {messages: [], max_tokens: 7, stream: true}}"),
            "xsweep: run.yaml:8:49: `base_url: 127.0.0.1:8000` is no http:// or https:// address\n"
            "run.yaml:8:72: a price needs both `input` and `output`; write {input: 0.15, output: 0.60}, in dollars per "
            "million tokens\n"
            "run.yaml:9:18: `extra` cannot set `messages`, which the program itself writes\n"
            "run.yaml:9:18: `extra` cannot set `stream`: replies are read as a whole\n"
            "run.yaml:9:18: `max_tokens` stands both in `extra` and beside it\n");
}

TEST_F(BadInput, InFlagsThatAResumedRunCannotTake) {
  for (const std::vector<std::string>& change : std::vector<std::vector<std::string>>{
           {"--set", "trials=3"}, {"--trials", "3"}, {"--seeds", "3"}, {"--mode", "REAL"}, {"--gates", "gates.yaml"}}) {
    EXPECT_EQ(SaysToFlags({"run", "--resume", "latest", change[0], change[1]}),
              "xsweep: --resume: goes on with the config as it is in the run directory; leave out --seeds, --trials, "
              "--mode, --set, --prices and --gates, or start another run\n");
  }
}

TEST_F(BadInput, InFlags) {
  EXPECT_EQ(WithFlags({"--jobs", "0"}), "xsweep: --jobs: Value 0 not in range 1 to 100000; see `xsweep run --help`\n");
  EXPECT_EQ(WithFlags({"--trials", ""}), "xsweep: --trials: `trials` must be a whole number, not nothing\n");
  EXPECT_EQ(WithFlags({"--seeds", "1,x"}),
            "xsweep: --seeds: a seed must be a whole number or a range such as 1..64, not text `x`\n");
  EXPECT_EQ(WithFlags({"--exp", "a/b"}),
            "xsweep: --exp: `exp` must be letters, digits, `_`, `-` and `.` (not first), at most 100 of them, and "
            "neither `latest` nor `index.csv`, not `a/b`\n");
  EXPECT_EQ(WithFlags({"--run-id", "../b"}),
            "xsweep: run id `../b`: only letters, digits, `_`, `-` and `.` are allowed, and no leading `.`\n");
  EXPECT_EQ(WithFlags({"--set", "environment.tasks=[nope]"}),
            "xsweep: --set environment.tasks: environment `airline` has no task `nope`; it has 38 tasks\n");
  EXPECT_EQ(WithFlags({"--trails", "3"}),
            "xsweep: unknown flag `--trails`, did you mean `--trials`?; see `xsweep run --help`\n");
  EXPECT_EQ(WithFlags({"--outdir", ""}), "xsweep: --outdir: is empty; name a directory, e.g. results\n");
  EXPECT_EQ(WithFlags({"--outdir", "run.yaml/x"}),
            "xsweep: " + (dir_ / "run.yaml").string() + ": is no directory; choose another one with --outdir\n");
}

TEST(ATornLastLine, LeavesAFinishedRunInvalidAndItsReportsAsTheyWere) {
  const TempDir dir;
  ASSERT_EQ(Xsweep({"run", StaticConfig(), "--outdir", dir.path().string(), "--run-id", "a", "--seeds", "1", "--trials",
                    "1", "--quiet"})
                .exit_code,
            0);
  const fs::path rows = dir / "airline_static_v1/a/trials.jsonl";
  const std::string notes = Slurp(rows.parent_path() / "notes.md");
  fs::resize_file(rows, fs::file_size(rows) - 20);
  const auto report = Xsweep({"report", "a", "--outdir", dir.path().string()});
  EXPECT_EQ(report.exit_code, 4);
  EXPECT_EQ(report.err,
            "1 of the 76 trials that were planned and run have no readable row\n"
            "trials.jsonl:76: the last line stops in the middle of a row and was left out (1)\n");
  EXPECT_THAT(report.out, HasSubstr("verdict: INVALID: the rows are not those of this run's plan"));
  EXPECT_EQ(Slurp(rows.parent_path() / "notes.md"), notes);
}

}  // namespace
}  // namespace xsweep
