// xsweep probe: what one call tells about a model.
// SPDX-License-Identifier: Apache-2.0
#include "cli/real_run.h"

namespace xsweep::testing {
namespace {

class Probe : public RealSweep {
 protected:
  /// The first finding that `probe --json` prints.
  Json Ask(const ModelServer::Handler& handler, int wanted_code) {
    ModelServer server(handler);
    const Ended ended = Xsweep({"probe", Config(RealConfig(server.Url())), "--json"});
    EXPECT_EQ(ended.code, wanted_code) << ended.output;
    const auto begin = ended.output.find('[');
    const std::string line = ended.output.substr(std::min(begin, ended.output.size()));
    const auto list = Json::Parse(line.substr(0, line.find('\n')), "probe");
    EXPECT_TRUE(list && list->size() == 1) << ended.output;
    return list ? list->items()[0] : Json::MakeObject();
  }
};

TEST_F(Probe, SeesThatAModelCallsTools) {
  const Json found =
      Ask([](const SeenRequest&) { return ServerReply{.body = ChatCallBody("word_of_the_day", "{}")}; }, 0);
  EXPECT_TRUE(found.BoolOr("reachable", false));
  EXPECT_TRUE(found.BoolOr("known", false));
  EXPECT_EQ(found.StringOr("tools", ""), "called");
  EXPECT_EQ(found.Find("price")->DoubleOr("output", 0), 2);
}

TEST_F(Probe, TellsACallLeftInTheTextFromOneThatWasNotMade) {
  const auto says = [](std::string text) {
    return [text](const SeenRequest&) { return ServerReply{.body = ChatBody(text)}; };
  };
  const Json as_text = Ask(says(R"(<tool_call>{\"name\":\"word_of_the_day\",\"arguments\":{}}</tool_call>)"), 0);
  EXPECT_EQ(as_text.StringOr("tools", ""), "as text");
  EXPECT_NE(as_text.StringOr("advice", "").find("text_calls: parse"), std::string::npos);
  EXPECT_EQ(Ask(says("It is `serendipity`."), 0).StringOr("tools", ""), "ignored");
}

TEST_F(Probe, TellsAServerWithoutToolsFromOneWithoutTheModel) {
  const auto no_tools = [](const SeenRequest& request) {
    if (request.body.find("\"tools\"") == std::string::npos) return ServerReply{.body = ChatBody("yes")};
    return ServerReply{.status = 400, .body = ErrorBody("tools are not supported")};
  };
  const Json without_tools = Ask(no_tools, 4);
  EXPECT_EQ(without_tools.StringOr("tools", ""), "refused");
  EXPECT_TRUE(without_tools.BoolOr("known", false));
  const auto no_model = [](const SeenRequest&) { return ServerReply{.status = 404, .body = ErrorBody("no model")}; };
  const Json without_model = Ask(no_model, 4);
  EXPECT_TRUE(without_model.BoolOr("reachable", false));
  EXPECT_FALSE(without_model.BoolOr("known", true));
}

TEST_F(Probe, FindsNobodyAtAClosedPort) {
  const Ended ended = Xsweep({"probe", Config(RealConfig("http://127.0.0.1:1"))});
  EXPECT_EQ(ended.code, 4);
  EXPECT_NE(ended.output.find("cannot connect"), std::string::npos) << ended.output;
}

TEST_F(Probe, WantsTheKeyFirst) {
  const Ended ended = Xsweep({"probe", Config(RealConfig("http://127.0.0.1:1"))}, false);
  EXPECT_EQ(ended.code, 2);
  EXPECT_NE(ended.output.find(kKeyVariable), std::string::npos) << ended.output;
}

}  // namespace
}  // namespace xsweep::testing
