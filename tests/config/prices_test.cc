// Where the price of a model comes from, and that nobody's silence makes it 0.
// SPDX-License-Identifier: Apache-2.0
#include "config/prices.h"

#include <gtest/gtest.h>

#include <fstream>

#include "config/example_parts.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

PartConfig PricedModel(const std::string& name, const std::string& base_url, Json price = {}) {
  return {"openai", Json::MakeObject({{"model", name}, {"base_url", base_url}, {"price", std::move(price)}})};
}
std::string Stated(const std::string& table, PartConfig model) {
  StatePrice(*Json::Parse(table), model);
  return model.options.Find("price")->Dump();
}

constexpr const char* kTable =
    R"({"m":{"input":1,"output":2},"m-*":{"input":3,"output":4},"m-big-*":{"input":5,"output":6}})";

TEST(APrice, IsTheModelsOwnThenTheTablesThenTheListsOfItsServer) {
  const Json own = Json::MakeObject({{"input", 7}, {"output", 8}});
  EXPECT_EQ(Stated(kTable, PricedModel("m", "http://127.0.0.1/v1", own)), own.Dump());
  EXPECT_EQ(Stated(kTable, PricedModel("m", "http://127.0.0.1/v1")), R"({"input":1,"output":2})");
  EXPECT_EQ(Stated(kTable, PricedModel("m-small", "http://127.0.0.1/v1")), R"({"input":3,"output":4})");
  EXPECT_EQ(Stated(kTable, PricedModel("m-big-one", "http://127.0.0.1/v1")), R"({"input":5,"output":6})");
  EXPECT_EQ(Stated("{}", PricedModel("gpt-4o-mini", "https://API.openai.com:443/v1")),
            R"({"input":0.15,"cached_input":0.075,"output":0.6})");
  EXPECT_EQ(Stated(R"({"gpt-4o-*":{"input":9,"output":9}})", PricedModel("gpt-4o-mini", "https://api.openai.com/v1")),
            R"({"input":9,"output":9})");
}

TEST(APrice, ThatNobodyStatedIsUnknown) {
  EXPECT_EQ(Stated(kTable, PricedModel("n", "http://127.0.0.1/v1")), "null");
  // The name of a listed model says nothing about what a server of somebody's own costs.
  EXPECT_EQ(Stated("{}", PricedModel("gpt-4o-mini", "http://127.0.0.1:8000/v1")), "null");
  EXPECT_EQ(Stated("{}", PricedModel("gpt-4o-mini", "https://api.openai.com.evil.example/v1")), "null");
  EXPECT_EQ(Stated("{}", PricedModel("gpt-4o-mini-nobody-knows", "https://api.openai.com/v1")), "null");
}

TEST(PricesOfAConfig, AreCheckedWithTheirPlaces) {
  EXPECT_EQ(With("prices: {m: {input: 1, output: 2}, 'x*': {input: 0, output: 0.5}}"), "ok");
  const std::string how = "; write {input: 0.15, output: 0.60}, in dollars per million tokens";
  EXPECT_EQ(With("prices: 3"),
            "run.yaml:7:9: `prices` must be a mapping from model names to prices, not a whole number");
  EXPECT_EQ(With("prices: {m: 3}"), "run.yaml:7:13: `prices.m` is no price but a whole number" + how);
  EXPECT_EQ(With("prices: {m: {input: 1}}"), "run.yaml:7:13: `prices.m` needs both `input` and `output`" + how);
  EXPECT_EQ(With("prices: {m: {input: 1, output: 1, cached: 1}}"), "run.yaml:7:35: a price has no `cached`" + how);
  EXPECT_EQ(With("prices: {m: {input: -1, output: free}}"),
            "run.yaml:7:21: `prices.m.input` must be a number from 0 to 1000000, in dollars per million tokens\n"
            "run.yaml:7:33: `prices.m.output` must be a number from 0 to 1000000, in dollars per million tokens");
}

TEST(PricesOfAFile, ComeBehindTheConfigsOwn) {
  TempDir scratch;
  const auto path = scratch / "prices.yaml";
  std::ofstream(path) << "m: {input: 10, output: 20}\nn: {input: 30, output: 40}\n";
  const auto table = ReadPricesFile(path);
  ASSERT_TRUE(table) << table.error().Text();
  const auto config = LoadExample(ExampleConfig() + "prices: {m: {input: 1, output: 2}}\n", {.prices = *table});
  ASSERT_TRUE(config) << config.error().Text();
  EXPECT_EQ(config->prices.Dump(), R"({"m":{"input":1,"output":2},"n":{"input":30,"output":40}})");
}

TEST(PricesOfAFile, ThatAreNoneSayWhatIsWrong) {
  TempDir scratch;
  const auto path = scratch / "prices.yaml";
  EXPECT_EQ(ReadPricesFile(path).error().kind, ErrorKind::kUser);
  std::ofstream(path) << "# nothing yet\n";
  EXPECT_NE(ReadPricesFile(path).error().Text().find("holds no prices"), std::string::npos);
  std::ofstream(path) << "m: {input: 1, outptu: 2}\n";
  EXPECT_NE(ReadPricesFile(path).error().Text().find("prices.yaml:1:15: a price has no `outptu`"), std::string::npos);
}

}  // namespace
}  // namespace xsweep
