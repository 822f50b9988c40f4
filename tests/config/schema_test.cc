// The printed JSON Schema takes what the loader takes, checked with a real validator.
// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/files.h"
#include "config/example_parts.h"
#include "parts/catalog.h"

namespace xsweep {
namespace {

bool HaveValidator() { return std::system("python3 -c 'import jsonschema, yaml' >/dev/null 2>&1") == 0; }

/// A directory of its own for each test, gone afterwards.
class Validator : public testing::Test {
 protected:
  void SetUp() override {
    if (!HaveValidator()) GTEST_SKIP() << "python3 with jsonschema and yaml is not installed";
    directory_ = std::filesystem::temp_directory_path() / ("xsweep_schema_" + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// A '1' for each valid file and a '0' for each other one, in one run of python; "bad schema" when the schema is.
  std::string Validate(const Json& schema, const std::vector<std::string>& files) {
    const std::string program = Write("validate.py", R"(
import json, sys, yaml, jsonschema
schema = json.load(open(sys.argv[1]))
try:
    jsonschema.Draft202012Validator.check_schema(schema)
except Exception:
    print("bad schema", end="")
    sys.exit()
validator = jsonschema.Draft202012Validator(schema)
for path in sys.argv[3:]:
    errors = list(validator.iter_errors(yaml.safe_load(open(path))))
    for error in errors:
        print(path, error.json_path, error.message, file=sys.stderr)
    print("0" if errors else "1", end="")
)");
    const std::string verdicts = directory_ / "verdicts";
    std::string command = "python3 " + program + " " + Write("schema.json", schema.Dump()) + " --";
    for (const std::string& file : files) command += " " + file;
    EXPECT_EQ(std::system((command + " > " + verdicts).c_str()), 0);
    std::ifstream read(verdicts);
    return {std::istreambuf_iterator<char>(read), {}};
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = directory_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::filesystem::path directory_;
};

std::vector<std::string> RepositoryConfigFiles() {
  std::vector<std::string> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(XSWEEP_SOURCE_DIR) / "configs")) {
    if (entry.path().filename() == "run.yaml") files.push_back(entry.path());
  }
  return files;
}

TEST_F(Validator, TakesEveryConfigOfTheRepository) {
  const auto files = RepositoryConfigFiles();
  ASSERT_FALSE(files.empty());
  EXPECT_EQ(Validate(ConfigSchema(BuildCatalog().Specs()), files), std::string(files.size(), '1'));
}

TEST_F(Validator, RefusesWhatTheLoaderRefuses) {
  std::vector<std::string> files = {Write("good.yaml", ExampleConfig())};
  for (const std::string line : {"trails: 3",
                                 "trials: 0",
                                 "mode: LIVE",
                                 "defense: {name: refundlimit}",
                                 "defense: {name: quota, foo: 1}",
                                 "seeds: [-1]",
                                 "seeds: [1, 1]",
                                 "limits: {max_error_rate: 2}",
                                 "prices: {m: {input: 1}}",
                                 "prices: {m: {input: -1, output: 1}}",
                                 "limits: {roles: {attack: {max_calls: 1}}}",
                                 "limits: {roles: {user: {max_seconds: 1}}}",
                                 "limits: {roles: {user: {max_calls: -1}}}",
                                 "grid: {seeds: [1]}",
                                 "transcripts: some",
                                 "defense: {name: stack, defenses: [{name: none, x: 1}]}",
                                 "defense: {threshold: 3}",
                                 "defense: {name: none, threshold: 3}",
                                 "grid: {judge.threshold: [high]}",
                                 "grid: {judge.threshold: [1, 1.0]}",
                                 "grid: {judge.treshold: [1]}",
                                 "grid: {environment.name: [airline]}",
                                 "grid: {defense: [{name: quota, label: 5}]}",
                                 "grid: {defense: [{name: quota, label: \"\"}]}",
                                 "defense: {name: quota, label: few}",
                                 "grid: {defense: [none]}"}) {
    std::string text = ExampleConfig();
    if (line.starts_with("seeds")) text.replace(text.find("seeds: [41, 42]\n"), 16, "");
    text += line + "\n";
    EXPECT_NE(Faulty(text), "ok") << line;
    files.push_back(Write("bad" + std::to_string(files.size()) + ".yaml", text));
  }
  EXPECT_EQ(Validate(ConfigSchema(ExampleParts()), files), "1" + std::string(files.size() - 1, '0'));
}

TEST_F(Validator, NeverRefusesWhatTheLoaderTakes) {
  const std::string values[] = {"",
                                "true",
                                "0",
                                "-1",
                                "2.5",
                                "text",
                                "1..4",
                                "[]",
                                "[1, 2]",
                                "[1, 1.0]",
                                "[a]",
                                "[1, a]",
                                "none",
                                "SHIM",
                                "all",
                                "sample:4",
                                "{name: none}",
                                "{name: airline}",
                                "{name: shim}",
                                "{name: tools, retries: 3}",
                                "{name: quota}",
                                "{name: out_of_policy_refund}",
                                "{name: escalating, levels: [a]}",
                                "[{name: none}, {name: quota}]",
                                "[{name: none, label: nothing}, {name: quota, label: few calls}]",
                                "[{name: shim}]",
                                "[none, quota]",
                                "[true, false]",
                                "[[a], [b]]",
                                "{provider: scripted}",
                                "{agent: {}, user: {max_total_tokens: 7}}",
                                "[{provider: scripted}, {provider: openai, model: m}]"};
  const std::string keys[] = {"exp",
                              "seeds",
                              "trials",
                              "environment",
                              "agent",
                              "attack",
                              "defense",
                              "judge",
                              "controls",
                              "gates",
                              "transcripts",
                              "grid: {judge.threshold",
                              "grid: {defense",
                              "grid: {defense.name",
                              "defense: {name: quota}\ngrid: {defense.name",
                              "grid: {agent",
                              "grid: {attack.levels",
                              "grid: {judge.strict",
                              "models: {agent",
                              "grid: {models.agent",
                              "limits: {max_calls",
                              "limits: {roles",
                              "limits: {roles: {judge: {max_calls: 1, max_cost_usd: 0.5}}, max_calls"};
  std::vector<std::string> files;
  std::string wanted;
  for (const std::string& key : keys) {
    for (const std::string& value : values) {
      std::string text = ExampleConfig();
      const std::size_t line = text.find(key + ": ");
      if (line != std::string::npos) text.erase(line, text.find('\n', line) + 1 - line);
      text +=
          fmt::format("{}: {}{}\n", key, value, key.find('{') == std::string::npos || key.ends_with('}') ? "" : "}");
      if (Faulty(text) != "ok") continue;
      files.push_back(Write(fmt::format("{}.yaml", files.size()), text));
    }
  }
  ASSERT_GT(files.size(), 30U);
  EXPECT_EQ(Validate(ConfigSchema(ExampleParts()), files), std::string(files.size(), '1'));
}

TEST(RepositoryConfigs, Load) {
  for (const std::string& file : RepositoryConfigFiles()) {
    const auto config = LoadConfig(ReadFile(file).value(), file, BuildCatalog().Specs());
    EXPECT_TRUE(config) << config.error().Text();
  }
}

}  // namespace
}  // namespace xsweep
