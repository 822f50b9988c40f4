// An MCP server at an address: streamable HTTP, a POST for each message; where a server refuses that, the transport of
// the first revision.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <atomic>
#include <optional>

#include "base/text.h"
#include "mcp/call_thread.h"
#include "mcp/event_channel.h"
#include "mcp/heard_stream.h"
#include "mcp/messages.h"
#include "mcp/protocol.h"
#include "mcp/transport.h"
#include "net/handoff.h"

namespace xsweep {
namespace {

std::string NoAnswerIn(const HttpResponse& response) {
  std::string words = fmt::format("HTTP {}: {}", response.status, Printable(response.body, 200));
  if (response.status != 401 && response.status != 403) return words;
  if (const std::string* challenge = response.Header("www-authenticate"))
    words += fmt::format(" ({})", Printable(*challenge, 200));
  return words +
         "; the server wants authorization: give it a token with `headers: {Authorization: \"Bearer $NAME\"}` of "
         "this server, where NAME is an environment variable (nobody is asked to log in here)";
}

/// Whether the tool itself may have said so: an error that does not name the request, or comes with a status of a
/// gateway's or an expired session's, is no answer of the tool's, however it is worded.
bool SaidByTheTool(const HttpResponse& response, const Json& answer, std::int64_t id) {
  const Json* error = answer.Find("error");
  if (error == nullptr) return true;
  if (AnsweredId(answer) != id) return false;
  if (response.status >= 200 && response.status < 300) return true;
  const bool no_such_tool = response.status == 404 && error->IntOr("code", 0) == kMcpUnknownMethod;
  return response.status == 400 || no_such_tool;
}

class HttpTransport final : public McpTransport {
 public:
  explicit HttpTransport(McpAddress address) : address_(std::move(address)) {}
  ~HttpTransport() override {
    if (!session_.empty()) CloseSession();
  }

  Status Start() { return calls_.Start(); }

  Async<Expected<Json>> Ask(std::string method, Json params, std::chrono::milliseconds limit,
                            std::vector<HttpHeader> mirrored) override {
    const std::int64_t id = ++last_id_;
    std::string name(params.StringOr("name", params.StringOr("uri", "")));
    Json request = Json::MakeObject({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}});
    if (!params.is_null()) request.Set("params", std::move(params));
    if (!channel_) {
      HttpRequest post = MakeRequest(method, name, limit);
      post.headers.insert(post.headers.end(), mirrored.begin(), mirrored.end());
      post.body = request.Dump();
      auto hearing = Hear(std::move(post), id, limit, method == "tools/call");
      Expected<Json> answer = co_await hearing;
      if (answer || !MayBeOlder()) co_return answer;
      auto opening = OpenChannel(limit);
      if (!co_await opening) co_return answer;
    }
    auto asking = channel_->Ask(request, id, limit);
    co_return co_await asking;
  }

  Async<Status> Tell(std::string method, Json params) override {
    Json message = Json::MakeObject({{"jsonrpc", "2.0"}, {"method", method}});
    if (!params.is_null()) message.Set("params", std::move(params));
    const std::chrono::seconds limit(30);
    if (channel_) {
      auto telling = channel_->Tell(message, limit);
      co_return co_await telling;
    }
    HttpRequest post = MakeRequest(method, {}, limit);
    post.body = message.Dump();
    auto sending = calls_.Send(std::move(post), limit);
    CO_TRY(co_await sending);
    co_return Status();
  }

  void Speak(const std::string& version, bool modern) override {
    const std::lock_guard lock(mutex_);
    version_ = version;
    modern_ = modern;
  }

 private:
  /// Before anything was understood, a server of the first revision refuses what is posted to where its stream is.
  bool MayBeOlder() const {
    const int status = refused_;
    return !answered_ && (status == 400 || status == 404 || status == 405);
  }
  Async<bool> OpenChannel(std::chrono::milliseconds limit) {
    auto channel = std::make_unique<EventChannel>(
        calls_, address_.url, [this](std::chrono::milliseconds each) { return MakeRequest({}, {}, each); }, news_);
    auto opening = channel->Open(std::min(limit, std::chrono::milliseconds(5000)));
    const Status opened = co_await opening;
    if (opened) channel_ = std::move(channel);
    co_return opened.has_value();
  }

  HttpRequest MakeRequest(const std::string& method, const std::string& name, std::chrono::milliseconds limit) {
    HttpRequest request;
    request.method = "POST";
    request.url = address_.url;
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}};
    const std::lock_guard lock(mutex_);
    if (!version_.empty()) request.headers.push_back({"MCP-Protocol-Version", version_});
    if (!session_.empty()) request.headers.push_back({"Mcp-Session-Id", session_});
    if (modern_) request.headers.push_back({"Mcp-Method", method});
    if (modern_ && !name.empty()) request.headers.push_back({"Mcp-Name", name});
    request.secret_headers = address_.headers;
    request.timeouts = {std::chrono::milliseconds(10'000), limit, limit};
    request.route = {.proxy_from_environment = true, .decode = true};
    return request;
  }

  // Sends it and hears streams until one of them has the answer: a server may end one and say the rest on another.
  Async<Expected<Json>> Hear(HttpRequest request, std::int64_t id, std::chrono::milliseconds limit, bool of_tool) {
    const auto heard = std::make_shared<HeardStream>(id);
    const SteadyTime deadline = clock_.Now() + limit;
    while (true) {
      request.enough = [heard](const HttpResponse& so_far, std::string_view piece) {
        return heard->Hear(so_far, piece);
      };
      auto sending = calls_.Send(std::move(request), limit);
      const Expected<HttpResponse> response = co_await sending;
      if (response) {
        NoteSession(*response);
        auto answer = FindAnswer(*response, id);
        answered_ = answered_ || answer;
        refused_ = response->status;
        if (answer && of_tool && !SaidByTheTool(*response, *answer, id)) {
          co_return WorldError(NoAnswerIn(*response), address_.url);
        }
        if (answer) co_return std::move(*answer);
      }
      const bool over = clock_.Now() + heard->retry() >= deadline || (response && response->status != 200);
      if (over || heard->last_event().empty() || !Resumes()) {
        if (!response) co_return std::unexpected(response.error());
        co_return WorldError(NoAnswerIn(*response), address_.url);
      }
      const Handoff<bool> nothing;
      auto pausing = nothing.Take(heard->retry());
      CO_TRY(co_await pausing);
      limit = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock_.Now());
      request = Resume(*heard, limit);
    }
  }

  // The new era has no streams that outlive a connection.
  bool Resumes() {
    const std::lock_guard lock(mutex_);
    return !modern_;
  }
  HttpRequest Resume(HeardStream& heard, std::chrono::milliseconds limit) {
    HttpRequest request = MakeRequest({}, {}, limit);
    request.method = "GET";
    request.headers.push_back({"Last-Event-ID", heard.last_event()});
    heard.Begin();
    return request;
  }

  void NoteSession(const HttpResponse& response) {
    const std::string* session = response.Header("mcp-session-id");
    if (session == nullptr) return;
    const std::lock_guard lock(mutex_);
    session_ = *session;
  }

  std::optional<Json> FindAnswer(const HttpResponse& response, std::int64_t id) {
    for (const std::string& text : MessagesOf(response)) {
      for (Json& message : ReadMessages(text)) {
        if (Answers(message, id)) return std::move(message);
        if (message.Find("method") == nullptr) continue;
        if (message.Find("id") == nullptr) HearServer(message, *news_);
        if (message.Find("id") != nullptr) AnswerServer(message, *news_);
      }
    }
    return std::nullopt;
  }

  void CloseSession() {
    HttpRequest request = MakeRequest("", "", std::chrono::milliseconds(2000));
    request.method = "DELETE";
    calls_.SendLast(std::move(request), std::chrono::milliseconds(2500));
  }

  const McpAddress address_;
  SystemClock clock_;
  CallThread calls_;
  std::unique_ptr<EventChannel> channel_;  // from the first request on, or never
  std::atomic<bool> answered_ = false;
  std::atomic<int> refused_ = 0;  // the last status
  std::atomic<std::int64_t> last_id_ = 0;
  std::mutex mutex_;
  std::string version_;
  std::string session_;
  bool modern_ = false;
};

}  // namespace

Expected<std::unique_ptr<McpTransport>> ReachMcpServer(McpAddress address) {
  auto transport = std::make_unique<HttpTransport>(std::move(address));
  TRY(transport->Start());
  return transport;
}

}  // namespace xsweep
