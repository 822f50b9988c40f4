// What both transports hear from a server without having asked.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/transport.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace xsweep {

void McpNews::Add(std::string note) {
  constexpr std::size_t kMost = 20;
  const std::lock_guard lock(mutex_);
  if (notes_.size() < kMost && std::ranges::find(notes_, note) == notes_.end()) notes_.push_back(std::move(note));
}

void McpNews::ToolsChanged() {
  const std::lock_guard lock(mutex_);
  tools_changed_ = true;
}

bool McpNews::tools_changed() const {
  const std::lock_guard lock(mutex_);
  return tools_changed_;
}

std::vector<std::string> McpNews::notes() const {
  const std::lock_guard lock(mutex_);
  return notes_;
}

Json AnswerServer(const Json& request, McpNews& news) {
  const std::string method(request.StringOr("method", ""));
  Json answer = Json::MakeObject({{"jsonrpc", "2.0"}, {"id", *request.Find("id")}});
  if (method == "ping") {
    answer.Set("result", Json::MakeObject());
    return answer;
  }
  news.Add(fmt::format("the server asked for {}, which was declined", Printable(method, 60)));
  if (method == "elicitation/create") {
    answer.Set("result", Json::MakeObject({{"action", "decline"}}));
  } else {
    answer.Set("error", Json::MakeObject({{"code", -32601}, {"message", "this client does not offer " + method}}));
  }
  return answer;
}

void HearServer(const Json& notification, McpNews& news) {
  if (notification.StringOr("method", "") != "notifications/tools/list_changed") return;
  news.ToolsChanged();
  news.Add("the server said that its tools have changed");
}

}  // namespace xsweep
