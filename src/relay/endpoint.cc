// MountModel: routes at a model's address.
// SPDX-License-Identifier: Apache-2.0
#include "relay/endpoint.h"

#include <utility>

#include "base/text.h"
#include "relay/wires/write_reply.h"

namespace xsweep {
namespace {

bool AsksForWebSocket(const WebRequest& request) {
  const std::string* upgrade = request.Header("upgrade");
  return upgrade != nullptr && AsciiLower(*upgrade) == "websocket";
}

std::string RestOf(const std::string& path, const std::string& mount) {
  if (mount == "/") return path;
  return path.size() > mount.size() ? path.substr(mount.size()) : std::string();
}

Async<WebResponse> Answer(std::shared_ptr<ModelHost> host, std::string mount, WebRequest request) {
  std::string rest = RestOf(request.path, mount);
  const ModelRoute route = RouteOf(request, rest);
  if (route.want == ModelWant::kWebSocket) {
    // 426 is what makes a client that tried fall back to HTTP.
    WebResponse no =
        WireErrorResponse(route.wire, 426, "no WebSocket is served here: ask over HTTP, streams are events");
    no.headers.emplace_back("Upgrade", "HTTP/1.1");
    co_return no;
  }
  auto answering = host->Answer(route, std::move(rest), std::move(request));
  co_return co_await answering;
}

}  // namespace

ModelRoute RouteOf(const WebRequest& request, std::string_view rest) {
  ModelRoute route;
  if (rest.find("/messages") != std::string_view::npos || request.Header("anthropic-version") != nullptr) {
    route.wire = Wire::kMessages;
  } else if (rest.ends_with("/responses")) {
    route.wire = Wire::kResponses;
  }
  if (AsksForWebSocket(request)) {
    route.want = ModelWant::kWebSocket;
  } else if (request.method == "POST" && rest.ends_with("/messages/count_tokens")) {
    route.want = ModelWant::kCount;
  } else if (request.method == "POST" &&
             (rest.ends_with("/chat/completions") || rest.ends_with("/responses") || rest.ends_with("/messages"))) {
    route.want = ModelWant::kReply;
  } else if (request.method == "GET" &&
             (rest.ends_with("/models") || rest.find("/models/") != std::string_view::npos)) {
    route.want = ModelWant::kModels;
  }
  return route;
}

Mount MountModel(HttpServer& server, const std::string& path, std::shared_ptr<ModelHost> host) {
  return server.Serve(
      path, {.body_limit = kMostModelBody, .below = true},
      [host = std::move(host), path](WebRequest request) { return Answer(host, path, std::move(request)); });
}

WebResponse WireErrorResponse(Wire wire, int status, std::string_view message) {
  return {.status = status, .type = "application/json", .body = WriteWireError(wire, status, message)};
}

}  // namespace xsweep
