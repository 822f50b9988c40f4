// Any bytes as the reply of a model server: an error or a reply that can be sent and recorded again, never a crash.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "models/anthropic.h"
#include "models/chat.h"
#include "models/exchange.h"

namespace xsweep {
namespace {

void SendAgain(const ModelReply& reply) {
  ModelRequest next;
  Message said;
  said.speaker = Speaker::kAgent;
  said.text = reply.text;
  said.calls = reply.calls;
  next.messages.push_back(said);
  const Endpoint endpoint{.url = "", .model = "m"};
  CHECK(Json::Parse(WriteOpenAiRequest(endpoint, next)).has_value(), "a reply made a request that is not JSON");
  CHECK(Json::Parse(WriteAnthropicRequest(endpoint, next)).has_value(), "a reply made a request that is not JSON");
  const std::string line = ExchangeWriter().Line({}, RequestText(Json::MakeObject({}), next), reply);
  const auto exchange = Json::Parse(line);
  CHECK(exchange && exchange->Find("reply") != nullptr, "a reply made a record that is not JSON");
  const auto read = ReadReply(*exchange->Find("reply"));
  CHECK(read && read->text == reply.text && read->calls.size() == reply.calls.size(), "a reply is recorded otherwise");
}

}  // namespace
}  // namespace xsweep

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace xsweep;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const ReplyReader read : {&ReadOpenAiReply, &ReadAnthropicReply}) {
    const auto reply = read(body, ModelRequest{});
    if (reply) SendAgain(*reply);
  }
  std::string text(body);
  Secret("sk-test/0123456789+abcdef").Scrub(text);
  return 0;
}
