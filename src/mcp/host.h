// ToolHost: what an MCP server offers, whoever is behind it: a desk, a trial's broker, a test's fixture.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "base/json.h"
#include "words/message.h"

namespace xsweep {

/// A tool as a host offers it. `output` is the JSON Schema of structured results; null where results are text.
/// `annotations` are hints of what it does to the world (readOnlyHint, destructiveHint, ...); null without any.
struct HostedTool {
  ToolSchema schema;
  Json annotations{};
  Json output{};
};
using HostedTools = std::shared_ptr<const std::vector<HostedTool>>;

/// One tools/call. The call's id is the client's own where it sends one (two clients do, in `_meta`), else empty.
struct ToolRequest {
  ToolCall call;
  std::uint64_t key = 0;  ///< tells the requests of one host apart, whatever ids their clients gave them
  bool modern = false;
  Json params{};                                    ///< as they came, with `_meta`
  std::function<void(Json notification)> notify{};  ///< sends a notification ahead of the answer; empty: impossible
};

struct ToolAnswer {
  std::string text{};
  Json structured{};  ///< sent beside its text twin; a tool whose `output` is a schema always has it
  bool error = false;
  Json result{};     ///< when not null, the whole result as it is: for hosts that say more than tools do
  Json rpc_error{};  ///< when not null, {code, message, data?}: the request failed as such
  int status = 200;  ///< HTTP status of `rpc_error`
};

/// Belongs to the thread of its server's loop. Held by shared_ptr, because a late call outlives what it asks for.
class ToolHost {
 public:
  virtual ~ToolHost() = default;
  /// In an order that is the same for every client. May take its time: clients wait.
  virtual Async<Expected<HostedTools>> List() = 0;
  /// Fails with kUser for a call that names no tool or cannot be meant so, otherwise only when the host itself fails.
  virtual Async<Expected<ToolAnswer>> Call(ToolRequest request) = 0;
  /// Nobody waits for the answer of that request any more.
  virtual void Cancel(std::uint64_t /*key*/) {}
  /// For whoever the client is: a desk's policy. Read once per handshake.
  virtual std::string Instructions() const { return {}; }

  /// Grows whenever the list has changed.
  virtual std::uint64_t list_version() const { return 0; }
  /// Whether list_version ever grows: then clients may subscribe. Those of the old era cannot: a host that notifies
  /// tells them ahead of the answer to a call.
  virtual bool changes_list() const { return false; }
  /// Whether calls send notifications ahead of their answers.
  virtual bool notifies() const { return false; }
  /// What else is answered ("logging/setLevel", "resources/list", ...): a result, or null for "unknown method".
  virtual Json AnswerOther(const std::string& /*method*/, const Json& /*params*/) { return {}; }
  /// Merged into the capabilities that are declared.
  virtual Json MoreCapabilities(bool /*modern*/) const { return Json::MakeObject(); }
};

}  // namespace xsweep
