// The printed JSON Schema takes what the loader takes, checked with a real validator.
#include "config/schema.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

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

  /// 0: valid; 1: not valid; 2: the schema itself is wrong.
  int Validate(const Json& schema, const std::string& config_path) {
    const std::string schema_path = Write("schema.json", schema.Dump());
    const std::string program =
        Write("validate.py",
              "import json, sys, yaml, jsonschema\n"
              "schema = json.load(open(sys.argv[1]))\n"
              "try: jsonschema.Draft202012Validator.check_schema(schema)\n"
              "except Exception as e: print(e); sys.exit(2)\n"
              "errors = list(jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(open(sys.argv[2]))))\n"
              "for e in errors: print(e.json_path, e.message)\n"
              "sys.exit(1 if errors else 0)\n");
    const int status = std::system(("python3 " + program + " " + schema_path + " " + config_path).c_str());
    return WEXITSTATUS(status);
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = directory_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::filesystem::path directory_;
};

TEST_F(Validator, TakesEveryConfigOfTheRepository) {
  const Json schema = ConfigSchema(BuildCatalog().Specs());
  int checked = 0;
  const std::filesystem::path configs = std::filesystem::path(XSWEEP_SOURCE_DIR) / "configs";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(configs)) {
    if (entry.path().extension() != ".yaml") continue;
    EXPECT_EQ(Validate(schema, entry.path()), 0) << entry.path();
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

TEST_F(Validator, RefusesWhatTheLoaderRefuses) {
  const Json schema = ConfigSchema(ExampleParts());
  EXPECT_EQ(Validate(schema, Write("good.yaml", ExampleConfig())), 0);
  for (const char* line :
       {"trails: 3", "trials: 0", "mode: LIVE", "defense: {name: refundlimit}", "defense: {name: quota, foo: 1}",
        "seeds: [-1]", "limits: {max_error_rate: 2}", "grid: {seeds: [1]}", "transcripts: some",
        "defense: {name: stack, defenses: [{name: none, x: 1}]}"}) {
    std::string text = ExampleConfig();
    if (std::string_view(line).starts_with("seeds")) text.replace(text.find("seeds: [41, 42]\n"), 16, "");
    text += std::string(line) + "\n";
    EXPECT_NE(Faulty(text), "ok") << line;
    EXPECT_EQ(Validate(schema, Write("bad.yaml", text)), 1) << line;
  }
}

/// Every config of the repository loads, and loads again as it is written back.
TEST(RepositoryConfigs, Load) {
  const std::filesystem::path configs = std::filesystem::path(XSWEEP_SOURCE_DIR) / "configs";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(configs)) {
    if (entry.path().extension() != ".yaml") continue;
    const auto config = LoadConfigFile(entry.path(), BuildCatalog().Specs());
    EXPECT_TRUE(config) << config.error().Text();
  }
}

}  // namespace
}  // namespace xsweep
