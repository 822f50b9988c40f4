// What a recording has of an agent's requests: nothing that a second run's have otherwise.
// SPDX-License-Identifier: Apache-2.0
#include "relay/recorded.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

TEST(RecordedAsks, HoldNoWordOfTheirTrialAlone) {
  RecordedAsks asks({}, {"token-7"});
  asks.Hide("/tmp/trial-7");
  ModelAsk ask;
  ask.system = "You work in /tmp/trial-7/work.";
  ask.messages.emplace_back().text = "Your notes are in -tmp-trial-7, ask token-7.";
  OfferedTool& tool = ask.tools.emplace_back();
  tool.name = "bash";
  tool.description = "Runs a command in `/tmp/trial-7/work`.";
  const ModelRequest request = asks.Next(ask);
  EXPECT_EQ(*request.system, "You work in TRIAL/work.");
  EXPECT_EQ(request.messages[0].text, "Your notes are in TRIAL, ask TRIAL.");
  EXPECT_EQ(request.tools->at(0).description, "Runs a command in `TRIAL/work`.");
}

}  // namespace
}  // namespace xsweep
