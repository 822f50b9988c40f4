// Tests of pieces of requests.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/request_pieces.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

TEST(RequestPieces, TextThatComesBackIsWrittenAsIfForTheFirstTime) {
  std::vector<std::string> texts = {"short", ""};
  for (char each = 'a'; each < 'g'; ++each) texts.push_back(std::string(600, each) + "\n\"quoted\" " + each);
  for (int round = 0; round < 3; ++round) {
    for (const std::string& text : texts) {
      std::string repeated = "{", plain = "{";
      AppendRepeatedMember(R"("system":)", text, repeated);
      AppendMember(R"("system":)", text, plain);
      EXPECT_EQ(repeated, plain);
      std::rotate(texts.begin() + 2, texts.begin() + 2 + round, texts.begin() + 5);
    }
  }
}

}  // namespace
}  // namespace xsweep
