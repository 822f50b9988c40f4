// An MCP server at an address: streamable HTTP, a POST for each message.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "base/text.h"
#include "mcp/transport.h"
#include "net/event_stream.h"
#include "net/handoff.h"

namespace xsweep {
namespace {

using Answer = std::expected<HttpResponse, HttpError>;

/// The messages of a body: of a stream the data of each event, in order, the last one even where it was not ended.
std::vector<std::string> MessagesOf(const HttpResponse& response) {
  const std::string* type = response.Header("content-type");
  if (type == nullptr || !type->starts_with("text/event-stream")) return {response.body};
  std::vector<std::string> messages;
  EventStreamReader reader;
  for (const std::string_view piece : {std::string_view(response.body), std::string_view("\n\n")}) {
    auto events = reader.Feed(piece);
    for (std::size_t i = 0; events && i < events->size(); ++i) messages.push_back(std::move((*events)[i].data));
  }
  return messages;
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
    auto posting = Post(request, method, name, limit, std::move(mirrored));
    CO_TRY_ASSIGN(const HttpResponse response, co_await posting);
    if (const std::string* session = response.Header("mcp-session-id")) {
      const std::lock_guard lock(mutex_);
      session_ = *session;
    }
    co_return ReadAnswer(response, id);
  }

  Async<Status> Tell(std::string method, Json params) override {
    Json message = Json::MakeObject({{"jsonrpc", "2.0"}, {"method", method}});
    if (!params.is_null()) message.Set("params", std::move(params));
    std::vector<HttpHeader> none;
    auto posting = Post(message, method, {}, std::chrono::seconds(30), none);
    CO_TRY(co_await posting);
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
    return request;
  }

  Async<Expected<HttpResponse>> Post(Json message, std::string method, std::string name,
                                     std::chrono::milliseconds limit, std::vector<HttpHeader> mirrored) {
    HttpRequest request = MakeRequest(method, name, limit);
    request.headers.insert(request.headers.end(), mirrored.begin(), mirrored.end());
    request.body = message.Dump();
    const Handoff<Answer> promise;
    loop_->Post([this, request = std::move(request), promise]() mutable {
      loop_->Spawn(http_->Call(std::move(request)), [promise](Answer answer) { promise.Set(std::move(answer)); });
    });
    auto taking = promise.Take(limit + std::chrono::seconds(15));
    CO_TRY_ASSIGN(auto taken, co_await taking);
    if (!taken) co_return WorldError(method + " was not answered in time", address_.url);
    if (!*taken) co_return WorldError((*taken).error().error.message, address_.url);
    co_return std::move(**taken);
  }

  Expected<Json> ReadAnswer(const HttpResponse& response, std::int64_t id) {
    for (const std::string& text : MessagesOf(response)) {
      auto message = Json::Parse(text);
      if (!message || !message->is_object()) continue;
      if (message->Find("method") != nullptr) {
        if (message->Find("id") == nullptr) HearServer(*message, *news_);
        if (message->Find("id") != nullptr) AnswerServer(*message, *news_);
        continue;
      }
      const Json* of = message->Find("id");
      const bool ours = of != nullptr && of->is_int() && of->AsInt() == id;
      // A request that was refused before it was read is answered without its id.
      if (ours || message->Find("error") != nullptr) return std::move(*message);
    }
    return WorldError(fmt::format("HTTP {}: {}", response.status, Printable(response.body, 200)), address_.url);
  }

  void CloseSession() {
    HttpRequest request = MakeRequest("", "", std::chrono::milliseconds(2000));
    request.method = "DELETE";
    const Handoff<Answer> promise;
    loop_->Post([this, request = std::move(request), promise]() mutable {
      loop_->Spawn(http_->Call(std::move(request)), [promise](Answer answer) { promise.Set(std::move(answer)); });
    });
    RunNow(promise.Take(std::chrono::milliseconds(2500)));
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
