// MountModel: a model at an address, on all three wires, as agents and their SDKs ask for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "relay/wires/ask.h"

namespace xsweep {

/// What a request at a model's address wants.
enum class ModelWant : std::uint8_t {
  kReply,
  kCount,      ///< POST .../messages/count_tokens
  kModels,     ///< GET .../models, or one of them
  kWebSocket,  ///< an upgrade, which is refused
  kOther,      ///< anything else under the address: embeddings, files, a look at the root
};

struct ModelRoute {
  ModelWant want = ModelWant::kOther;
  Wire wire = Wire::kChat;  ///< also whose errors the client understands
};

/// `rest` is the path below the mount. SDKs differ in whether they put /v1 before their paths, so ends decide.
ModelRoute RouteOf(const WebRequest& request, std::string_view rest);

/// Whoever answers at a model's address.
class ModelHost {
 public:
  virtual ~ModelHost() = default;
  /// `rest` is the path below the mount, beginning with "/" or empty. Never asked for kWebSocket.
  virtual Async<WebResponse> Answer(ModelRoute route, std::string rest, WebRequest request) = 0;
};

inline constexpr std::size_t kMostModelBody = std::size_t{64} << 20U;

/// Serves `path` and all below it while the mount lives. The host is kept until its last answer is out.
Mount MountModel(HttpServer& server, const std::string& path, std::shared_ptr<ModelHost> host);

/// An answer in the shape that clients of that wire read.
WebResponse WireErrorResponse(Wire wire, int status, std::string_view message);

}  // namespace xsweep
