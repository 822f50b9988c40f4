// What an agent with tools of its own has of a stream before its first call is known.
// SPDX-License-Identifier: Apache-2.0
#include "relay/call_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/text.h"
#include "net/io_loop.h"
#include "relay/wires/write_reply.h"

namespace xsweep {
namespace {

class Heard final : public WebStream {
 public:
  Async<Status> Write(std::string_view bytes) override {
    all += bytes;
    co_return Status();
  }
  std::string all;
};

/// A stream with words, then a call if `calls`; its lines end in `line_end`.
std::string Stream(Wire wire, bool calls, std::string_view line_end) {
  ModelReply reply;
  reply.text = R"(I look. {"tool_calls": [1], "type": "tool_use", "x": "function_call"} One moment.)";
  if (calls) reply.calls = {{"call_1", "look", Json::Parse(R"({"n":1})").value()}};
  const std::vector<OfferedTool> tools = {{.name = "look"}};
  std::string out;
  for (const std::string& event : WriteReplyStream(wire, reply, {"s", "m", &tools, true})) {
    for (const char c : event) c == '\n' ? out += line_end : out += c;
  }
  return out;
}

class Gate : public ::testing::Test {
 protected:
  /// What has passed when `stream` has come in pieces of `size`, and what is held.
  std::pair<std::string, std::string> Pass(Wire wire, std::string_view stream, std::size_t size) {
    Heard heard;
    CallGate gate(wire, heard);
    for (std::size_t at = 0; at < stream.size(); at += size)
      EXPECT_TRUE(loop_->Run(gate.Write(stream.substr(at, size))));
    EXPECT_EQ(gate.all(), stream);
    EXPECT_EQ(heard.all + std::string(gate.held()), stream) << "no byte is lost";
    return {heard.all, std::string(gate.held())};
  }

  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_ = IoLoop::Create(clock_).value();
};

TEST_F(Gate, LetsWordsPassWhateverEndsTheirLines) {
  for (const Wire wire : {Wire::kChat, Wire::kResponses, Wire::kMessages}) {
    for (const std::string_view line_end : {"\n", "\r\n", "\r"}) {
      const std::string stream = Stream(wire, false, line_end);
      for (const std::size_t size : {1UL, 2UL, 3UL, 7UL, 1000UL}) {
        EXPECT_EQ(Pass(wire, stream, size).second, "") << static_cast<int>(wire) << " in pieces of " << size;
      }
    }
  }
}

TEST_F(Gate, LetsAnEventPassAsSoonAsItIsWhole) {
  for (const std::string_view line_end : {"\n", "\r\n"}) {
    const std::string stream = Stream(Wire::kChat, false, line_end);
    Heard heard;
    CallGate gate(Wire::kChat, heard);
    const std::size_t first = stream.find(std::string(line_end) + std::string(line_end)) + 2 * line_end.size();
    ASSERT_TRUE(loop_->Run(gate.Write(stream.substr(0, first - 1))));
    EXPECT_LT(heard.all.size(), first);
    ASSERT_TRUE(loop_->Run(gate.Write(stream.substr(first - 1, 3))));
    EXPECT_EQ(heard.all, stream.substr(0, first));
  }
}

TEST_F(Gate, HoldsFromTheEventOfTheFirstCallOn) {
  for (const Wire wire : {Wire::kChat, Wire::kResponses, Wire::kMessages}) {
    const std::string plain = Stream(wire, true, "\n");
    const std::string held = Pass(wire, plain, plain.size()).second;
    ASSERT_NE(held.find("call_1"), std::string::npos);
    EXPECT_EQ(plain.substr(0, plain.size() - held.size()).find("call_1"), std::string::npos);
    EXPECT_NE(plain.substr(0, plain.size() - held.size()).find("moment"), std::string::npos);
    const auto lines = std::ranges::count(held, '\n');
    for (const std::string_view line_end : {"\r\n", "\r"}) {
      const std::string stream = Stream(wire, true, line_end);
      for (const std::size_t size : {1UL, 2UL, 5UL, 1000UL}) {
        const std::string rest = Pass(wire, stream, size).second;
        EXPECT_EQ(std::ranges::count(rest, '\r'), lines) << static_cast<int>(wire) << " in pieces of " << size;
        EXPECT_EQ(rest.size(), held.size() + static_cast<std::size_t>(lines) * (line_end.size() - 1));
      }
    }
  }
}

}  // namespace
}  // namespace xsweep
