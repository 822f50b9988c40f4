// Any bytes as the reply of a model server: an error or a reply that can be sent and recorded again, never a crash.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "models/recordings/exchange.h"
#include "models/replies/lenient.h"
#include "models/replies/text_calls.h"
#include "models/replies/thought.h"
#include "models/wires/anthropic.h"
#include "models/wires/chat.h"

namespace xsweep {
namespace {

void SendAgain(const ModelReply& reply) {
  ModelRequest next;
  Message said;
  said.speaker = Speaker::kAgent;
  said.text = reply.text;
  said.calls = reply.calls;
  said.kept = reply.kept;
  next.messages.push_back(said);
  const Endpoint endpoint{.url = "", .model = "m"};
  CHECK(Json::Parse(WriteOpenAiRequest(endpoint, next)).has_value(), "a reply made a request that is not JSON");
  CHECK(Json::Parse(WriteAnthropicRequest(endpoint, next)).has_value(), "a reply made a request that is not JSON");
  std::string lines = ExchangeWriter().Lines({}, RequestText(Json::MakeObject({}), next), reply);
  CHECK(lines.ends_with('\n'), "a recorded line does not end");
  lines.pop_back();
  const auto exchange = Json::Parse(std::string_view(lines).substr(lines.rfind('\n') + 1));
  CHECK(exchange && exchange->Find("reply") != nullptr, "a reply made a record that is not JSON");
  const auto read = ReadReply(*exchange->Find("reply"));
  CHECK(read && read->text == reply.text && read->calls.size() == reply.calls.size() &&
            read->no_answer == reply.no_answer && read->kept == reply.kept,
        "a reply is recorded otherwise");
}

/// With a tool to call, so that calls in the text are looked for and read.
ModelRequest Question() {
  ModelRequest request;
  request.tools = std::vector<ToolSchema>{{"send_certificate", "Sends.", Json::MakeObject({{"type", "object"}})}};
  return request;
}

/// What is read from a body beside a reply: failures, usage, thought, calls in text.
void LookAround(std::string_view body) {
  const auto json = ParseBody(body);
  if (json) {
    const auto counts = ReadTokenCounts(*json);
    CHECK(!counts || Price().CostNanoUsd(*counts) == 0, "a usage without a price costs something");
    CHECK(!counts || (counts->prompt >= 0 && counts->completion >= 0), "a usage is negative");
    SortFailure(400, FindServerError(*json), body);
  }
  const SplitText split = SplitThought(body);
  CHECK(split.said.size() <= body.size(), "more was said than was written");
  if (LooksLikeCall(body, Question().tools)) ReadTextCalls(body, Question().tools);
  HttpResponse response;
  response.body = body;
  response.headers = {{"retry-after", std::string(body.substr(0, 40))},
                      {"x-ratelimit-reset-requests", std::string(body.substr(0, 40))}};
  ReadWait(response);
}

}  // namespace
}  // namespace xsweep

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace xsweep;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const auto read : {&ReadOpenAiReply, &ReadAnthropicReply}) {
    const auto reply = read(body, Question());
    if (reply) SendAgain(*reply);
  }
  LookAround(body);
  std::string text(body);
  Secret("sk-test/0123456789+abcdef").Scrub(text);
  return 0;
}
