// `xsweep env` for people: listing, one call, what it says to mistakes, and its MCP server as a client sees it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/json.h"
#include "cli/program.h"

namespace xsweep {
namespace {

TEST(EnvList, NamesEveryDesk) {
  const auto listed = RunXsweep({"env", "list", "--json"});
  ASSERT_EQ(listed.exit_code, 0) << listed.err;
  std::vector<std::string> names;
  const Json list = *Json::Parse(listed.out);
  for (const Json& entry : list.items()) names.emplace_back(entry.StringOr("name", ""));
  for (const char* desk : {"airline", "tau2/airline", "tau2/retail", "tau1/airline", "tau1/retail"})
    EXPECT_NE(std::ranges::find(names, desk), names.end()) << desk;
}

TEST(EnvCall, PrintsWhatTheAgentWouldSeeAndNamesChangedRecords) {
  const auto called = RunXsweep({"env", "call", "airline", "calculate", R"({"expression": "2 + 2"})"});
  EXPECT_EQ(called.exit_code, 0) << called.err;
  EXPECT_EQ(called.out, "4.0\n");
  EXPECT_EQ(called.err, "");
}

TEST(EnvCall, EndsInFailureWhenTheToolRefuses) {
  const auto called = RunXsweep({"env", "call", "airline", "get_user_details", R"({"user_id": "nobody"})"});
  EXPECT_EQ(called.exit_code, 1);
  EXPECT_EQ(called.out, "Error: User nobody not found\n");
}

TEST(EnvCall, RefusesArgumentsThatAreNoObject) {
  const auto called = RunXsweep({"env", "call", "airline", "calculate", "[1]"});
  EXPECT_EQ(called.exit_code, 2);
  EXPECT_NE(called.err.find("arguments of calculate: must be a JSON object"), std::string::npos) << called.err;
}

TEST(EnvReplayCommand, NamesTheLineThatIsNoCall) {
  const auto replayed = RunXsweep({"env", "replay"}, "\n{\"seq\": 2}\n");
  EXPECT_EQ(replayed.exit_code, 2);
  EXPECT_NE(replayed.err.find("stdin:2"), std::string::npos) << replayed.err;
}

TEST(EnvReplayCommand, SaysWhereToGetMissingData) {
  const auto replayed = RunXsweep({"env", "replay", "--environment", "tau2/retail"}, "");
  EXPECT_EQ(replayed.exit_code, 2);
  EXPECT_NE(replayed.err.find("github.com/sierra-research/tau2-bench"), std::string::npos) << replayed.err;
}

TEST(EnvServe, SpeaksMcpToAClient) {
  const auto client =
      RunProcess({.args = {"python3", XSWEEP_SOURCE_DIR "/tests/cli/mcp_client.py", XSWEEP_BINARY_DIR "/xsweep"}});
  ASSERT_TRUE(client) << client.error().Text();
  EXPECT_EQ(client->exit_code, 0) << client->out << client->err;
}

}  // namespace
}  // namespace xsweep
