// An MCP server at an address: streamable HTTP, a POST for each message.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <atomic>
#include <optional>
#include <thread>

#include "base/text.h"
#include "mcp/heard_stream.h"
#include "mcp/messages.h"
#include "mcp/protocol.h"
#include "mcp/transport.h"
#include "net/handoff.h"

namespace xsweep {
namespace {

using Answer = std::expected<HttpResponse, HttpError>;

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

/// Connections belong to a loop's thread, and trials run on many: this one has a thread of its own.
class HttpTransport final : public McpTransport {
 public:
  explicit HttpTransport(McpAddress address) : address_(std::move(address)) {}
  ~HttpTransport() override {
    if (!loop_) return;
    if (!session_.empty()) CloseSession();
    loop_->RequestStop();
    thread_.join();
  }

  Status Start() {
    TRY_ASSIGN(loop_, IoLoop::Create(clock_));
    thread_ = std::thread([this] {
      Http http(*loop_);
      http_ = &http;
      loop_->Spawn(Idle(*loop_), [](bool) {});
      loop_->RunSpawned();
    });
    return {};
  }

  Async<Expected<Json>> Ask(std::string method, Json params, std::chrono::milliseconds limit,
                            std::vector<HttpHeader> mirrored) override {
    const std::int64_t id = ++last_id_;
    std::string name(params.StringOr("name", params.StringOr("uri", "")));
    Json request = Json::MakeObject({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}});
    if (!params.is_null()) request.Set("params", std::move(params));
    HttpRequest post = MakeRequest(method, name, limit);
    post.headers.insert(post.headers.end(), mirrored.begin(), mirrored.end());
    post.body = request.Dump();
    auto hearing = Hear(std::move(post), id, limit, method == "tools/call");
    co_return co_await hearing;
  }

  Async<Status> Tell(std::string method, Json params) override {
    Json message = Json::MakeObject({{"jsonrpc", "2.0"}, {"method", method}});
    if (!params.is_null()) message.Set("params", std::move(params));
    const std::chrono::seconds limit(30);
    HttpRequest post = MakeRequest(method, {}, limit);
    post.body = message.Dump();
    auto sending = Send(std::move(post), limit);
    CO_TRY(co_await sending);
    co_return Status();
  }

  void Speak(const std::string& version, bool modern) override {
    const std::lock_guard lock(mutex_);
    version_ = version;
    modern_ = modern;
  }

 private:
  // Keeps the loop alive until it is stopped.
  static Async<bool> Idle(IoLoop& loop) {
    while (true) {
      const Status slept = co_await loop.Sleep(std::chrono::hours(1));
      if (!slept) co_return true;
    }
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

  Async<Expected<HttpResponse>> Send(HttpRequest request, std::chrono::milliseconds limit) {
    const Handoff<Answer> promise;
    loop_->Post([this, request = std::move(request), promise]() mutable {
      loop_->Spawn(http_->Call(std::move(request)), [promise](Answer answer) { promise.Set(std::move(answer)); });
    });
    auto taking = promise.Take(limit + std::chrono::seconds(15));
    CO_TRY_ASSIGN(auto taken, co_await taking);
    if (!taken) co_return WorldError("was not answered in time", address_.url);
    if (!*taken) co_return WorldError((*taken).error().error.message, address_.url);
    co_return std::move(**taken);
  }

  // Sends it and hears streams until one of them has the answer: a server may end one and say the rest on another.
  Async<Expected<Json>> Hear(HttpRequest request, std::int64_t id, std::chrono::milliseconds limit, bool of_tool) {
    const auto heard = std::make_shared<HeardStream>(id);
    const SteadyTime deadline = clock_.Now() + limit;
    while (true) {
      request.enough = [heard](const HttpResponse& so_far, std::string_view piece) {
        return heard->Hear(so_far, piece);
      };
      auto sending = Send(std::move(request), limit);
      const Expected<HttpResponse> response = co_await sending;
      if (response) {
        NoteSession(*response);
        auto answer = FindAnswer(*response, id);
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
    const Handoff<Answer> promise;
    loop_->Post([this, request = std::move(request), promise]() mutable {
      loop_->Spawn(http_->Call(std::move(request)), [promise](Answer answer) { promise.Set(std::move(answer)); });
    });
    (void)promise.Block(std::chrono::milliseconds(2500));
  }

  const McpAddress address_;
  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_;
  Http* http_ = nullptr;  // of the thread
  std::thread thread_;
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
