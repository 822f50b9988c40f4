// SeatedHost: a seated model at an address.
// SPDX-License-Identifier: Apache-2.0
#include "relay/seated_host.h"

#include <utility>
#include <vector>

#include "base/json_mend.h"
#include "relay/wires/write_reply.h"

namespace xsweep {
namespace {

class SeatedHost final : public ModelHost {
 public:
  SeatedHost(std::string name, FindSeat find, DescribeAddress describe)
      : name_(std::move(name)), find_(std::move(find)), describe_(std::move(describe)) {}

  Async<WebResponse> Answer(ModelRoute route, std::string rest, WebRequest request) override {
    if (route.want == ModelWant::kModels) co_return ModelsResponse(name_, rest);
    if (route.want == ModelWant::kOther) co_return Look(route, rest);
    const auto body = ParseMended(request.body);
    if (!body) co_return WireErrorResponse(route.wire, 400, body.error().Text());
    auto ask = ReadAsk(route.wire, *body);
    if (!ask) co_return WireErrorResponse(route.wire, 400, ask.error().message);
    if (route.want == ModelWant::kCount) co_return CountResponse(*ask);
    const auto seat = find_(rest, *ask);
    if (!seat) co_return WireErrorResponse(route.wire, 404, seat.error().message);
    auto answering = (*seat)->Answer(*ask);
    const auto reply = co_await answering;
    if (!reply) {
      const int status = reply.error().kind == ErrorKind::kUser ? 400 : 500;
      co_return WireErrorResponse(route.wire, status, reply.error().message);
    }
    co_return ReplyResponse(*ask, *reply, (*seat)->SeedOf(*ask));
  }

 private:
  WebResponse Look(const ModelRoute& route, const std::string& rest) const {
    const Json shown = describe_ ? describe_(rest) : Json();
    if (shown.is_null()) return WireErrorResponse(route.wire, 404, "there is nothing at this address of a model");
    return {.type = "application/json", .body = shown.DumpPretty() + "\n"};
  }

  const std::string name_;
  const FindSeat find_;
  const DescribeAddress describe_;
};

Async<Status> WriteAll(std::shared_ptr<const std::vector<std::string>> events, WebStream& stream) {
  for (const std::string& event : *events) CO_TRY(co_await stream.Write(event));
  co_return Status();
}

}  // namespace

std::shared_ptr<ModelHost> MakeSeatedHost(std::string model_name, FindSeat find, DescribeAddress describe) {
  return std::make_shared<SeatedHost>(std::move(model_name), std::move(find), std::move(describe));
}

WebResponse ReplyResponse(const ModelAsk& ask, const ModelReply& reply, const std::string& seed) {
  const ReplyFrame frame{.seed = seed, .model = ask.model, .tools = &ask.tools, .usage_chunk = ask.usage_chunk};
  if (!ask.stream) return {.type = "application/json", .body = WriteReply(ask.wire, reply, frame)};
  const auto events = std::make_shared<const std::vector<std::string>>(WriteReplyStream(ask.wire, reply, frame));
  WebResponse response{.type = "text/event-stream", .headers = {{"Cache-Control", "no-cache"}}};
  response.stream = [events](WebStream& stream) { return WriteAll(events, stream); };
  return response;
}

WebResponse ModelsResponse(const std::string& name, const std::string& rest) {
  const Json model = Json::MakeObject({{"id", name},
                                       {"object", "model"},
                                       {"type", "model"},
                                       {"display_name", name},
                                       {"created", 1'700'000'000},
                                       {"created_at", "2023-11-14T22:13:20Z"},
                                       {"owned_by", "xsweep"}});
  if (!rest.ends_with("/models")) return {.type = "application/json", .body = model.Dump()};
  const Json list = Json::MakeObject({{"object", "list"},
                                      {"data", Json::MakeArray({model})},
                                      {"first_id", name},
                                      {"last_id", name},
                                      {"has_more", false}});
  return {.type = "application/json", .body = list.Dump()};
}

WebResponse CountResponse(const ModelAsk& ask) {
  std::size_t read = ask.system.size();
  for (const Message& message : ask.messages) read += message.text.size();
  for (const OfferedTool& tool : ask.tools) read += tool.name.size() + tool.description.size();
  const Json count = Json::MakeObject({{"input_tokens", static_cast<std::int64_t>(read / 4 + 1)}});
  return {.type = "application/json", .body = count.Dump()};
}

}  // namespace xsweep
