// An MCP server as a child: one JSON-RPC message a line.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "mcp/messages.h"
#include "mcp/transport.h"
#include "net/handoff.h"

namespace xsweep {
namespace {

using Promise = Handoff<Expected<Json>>;

/// Shared by the trials that ask and the peer's thread that hears.
class StdioTransport final : public McpTransport {
 public:
  Status Start(const PeerSettings& settings) {
    TRY_ASSIGN(peer_, LinePeer::Start(
                          settings, [this](std::string_view line) { return Hear(line); },
                          [this](const Error& why) { End(why); }));
    return {};
  }
  // The thread uses what lies below it.
  ~StdioTransport() override { peer_.reset(); }

  Async<Expected<Json>> Ask(std::string method, Json params, std::chrono::milliseconds limit,
                            std::vector<HttpHeader> /*mirrored*/) override {
    const auto [id, promise] = Expect();
    Json request = Json::MakeObject({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}});
    if (!params.is_null()) request.Set("params", std::move(params));
    peer_->Send(request.Dump());
    auto taking = promise.Take(limit);
    CO_TRY_ASSIGN(auto taken, co_await taking);
    Forget(id);
    if (taken) co_return std::move(*taken);
    peer_->Send(Json::MakeObject({{"jsonrpc", "2.0"},
                                  {"method", "notifications/cancelled"},
                                  {"params", Json::MakeObject({{"requestId", id}, {"reason", "too slow"}})}})
                    .Dump());
    co_return WorldError(fmt::format("{} was not answered within {} ms", method, limit.count()), "MCP server");
  }

  Async<Status> Tell(std::string method, Json params) override {
    Json message = Json::MakeObject({{"jsonrpc", "2.0"}, {"method", method}});
    if (!params.is_null()) message.Set("params", std::move(params));
    peer_->Send(message.Dump());
    return Status();
  }

  void Speak(const std::string& /*version*/, bool /*modern*/) override {}

 private:
  static constexpr int kMostUnasked = 100'000;

  std::pair<std::int64_t, Promise> Expect() {
    const std::lock_guard lock(mutex_);
    Promise promise;
    if (gone_) promise.Set(std::unexpected(*gone_));
    waiting_.emplace(++last_id_, promise);
    unasked_ = 0;
    return {last_id_, promise};
  }
  void Forget(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(id);
  }

  // False ends the server: it floods.
  bool Hear(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return true;
    std::vector<Json> messages = ReadMessages(line);
    if (messages.empty()) {
      news_->Add("the server printed what is no JSON: " + Printable(std::string(line), 120));
      return Unasked();
    }
    return std::ranges::all_of(messages, [this](Json& message) { return Take(message); });
  }
  bool Take(Json& message) {
    if (message.Find("method") != nullptr) {
      const bool asks = message.Find("id") != nullptr;
      if (asks) peer_->Send(AnswerServer(message, *news_).Dump());
      if (!asks) HearServer(message, *news_);
      return Unasked();
    }
    const std::lock_guard lock(mutex_);
    const auto id = AnsweredId(message);
    const auto found = id ? waiting_.find(*id) : waiting_.end();
    if (found == waiting_.end()) return ++unasked_ < kMostUnasked;
    found->second.Set(std::move(message));
    return true;
  }
  bool Unasked() {
    const std::lock_guard lock(mutex_);
    return ++unasked_ < kMostUnasked;
  }

  void End(const Error& why) {
    const std::lock_guard lock(mutex_);
    gone_ = Error{ErrorKind::kWorld, "the server is gone: " + why.message, why.where};
    for (const auto& [id, promise] : waiting_) promise.Set(std::unexpected(*gone_));
  }

  std::mutex mutex_;
  std::map<std::int64_t, Promise> waiting_;
  std::int64_t last_id_ = 0;
  int unasked_ = 0;  // messages since the last request
  std::optional<Error> gone_;
  std::unique_ptr<LinePeer> peer_;
};

}  // namespace

Expected<std::unique_ptr<McpTransport>> StartMcpServer(const PeerSettings& settings) {
  auto transport = std::make_unique<StdioTransport>();
  TRY(transport->Start(settings));
  return transport;
}

}  // namespace xsweep
