// EventChannel: the HTTP transport of revision 2024-11-05.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/event_channel.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/characters.h"
#include "base/text.h"
#include "mcp/heard_stream.h"
#include "mcp/messages.h"
#include "net/event_stream.h"
#include "net/handoff.h"

namespace xsweep {

Expected<std::string> PostAddress(const std::string& stream, std::string_view named) {
  const std::size_t path = stream.find('/', stream.find("://") + 3);
  const std::string origin = stream.substr(0, path);
  if (named.starts_with("http://") || named.starts_with("https://")) {
    const std::string_view rest = named.substr(std::min(origin.size(), named.size()));
    if (named.starts_with(origin) && (rest.empty() || rest.starts_with('/') || rest.starts_with('?')))
      return std::string(named);
    return WorldError("its stream names an address at another server", stream);
  }
  if (named.empty() || named.starts_with("//")) return WorldError("its stream names no address to post to", stream);
  if (named.starts_with('/')) return origin + std::string(named);
  const std::string bare = stream.substr(0, stream.find_first_of("?#"));
  const std::string folder = path == std::string::npos ? bare + "/" : bare.substr(0, bare.rfind('/') + 1);
  return folder + std::string(named);
}

/// Hears the stream on the connections' thread.
class EventChannel::Listener final : public HttpSink {
 public:
  using Answered = Handoff<Expected<Json>>;
  using Reply = std::function<void(const std::string& post, const Json&)>;

  Listener(std::string url, std::shared_ptr<McpNews> news, Reply reply)
      : url_(std::move(url)), news_(std::move(news)), reply_(std::move(reply)) {}

  void Begin(int status, std::vector<HttpHeader> headers) override {
    HttpResponse head;
    head.status = status;
    head.headers = std::move(headers);
    const std::string* type = head.Header("content-type");
    const bool stream = type != nullptr && AsciiLower(*type).starts_with("text/event-stream");
    if (status != 200 || !stream) End(fmt::format("HTTP {} is no stream of events", status));
  }
  void Add(std::string_view bytes) override {
    auto events = reader_.Feed(bytes);
    if (!events) return End(events.error().message);
    for (StreamEvent& event : *events) {
      if (event.type == "endpoint") {
        TakeEndpoint(PostAddress(url_, Trim(event.data)));
      } else {
        for (Json& message : ReadMessages(event.data)) Take(std::move(message));
      }
    }
  }
  void Whole(std::string_view rest) override {
    Add(rest);
    End("the server has closed its stream");
  }
  /// No more will come: whoever waits is told why, and so is whoever asks later.
  void End(std::string why) {
    std::map<std::int64_t, Answered> waiting;
    {
      const std::lock_guard lock(mutex_);
      if (!ended_.empty()) return;
      ended_ = std::move(why);
      waiting.swap(waiting_);
    }
    endpoint_.Set(WorldError(ended_, url_));
    for (auto& [id, answered] : waiting) answered.Set(WorldError(ended_, "MCP server"));
  }
  /// The channel goes, and with it whoever could post a reply.
  void Leave() {
    const std::lock_guard lock(mutex_);
    reply_ = nullptr;
  }

  const Handoff<Expected<std::string>>& endpoint() const { return endpoint_; }
  Answered Expect(std::int64_t id) {
    const Answered answered;
    const std::lock_guard lock(mutex_);
    if (ended_.empty()) {
      waiting_.emplace(id, answered);
    } else {
      answered.Set(WorldError(ended_, "MCP server"));
    }
    return answered;
  }
  void Forget(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(id);
  }

 private:
  void TakeEndpoint(Expected<std::string> post) {
    const std::lock_guard lock(mutex_);
    if (post && post_.empty()) post_ = *post;
    endpoint_.Set(std::move(post));
  }
  void Take(Json message) {
    const std::lock_guard lock(mutex_);
    if (message.Find("method") != nullptr) {
      if (message.Find("id") == nullptr) return HearServer(message, *news_);
      const Json reply = AnswerServer(message, *news_);
      if (reply_ && !post_.empty()) reply_(post_, reply);
      return;
    }
    const auto id = AnsweredId(message);
    // What names no request is the answer to the only one that there is.
    const auto found = id ? waiting_.find(*id) : waiting_.size() == 1 ? waiting_.begin() : waiting_.end();
    if (found == waiting_.end()) return;
    found->second.Set(std::move(message));
    waiting_.erase(found);
  }

  const std::string url_;
  const std::shared_ptr<McpNews> news_;
  const Handoff<Expected<std::string>> endpoint_;
  EventStreamReader reader_;  // of the connections' thread
  std::mutex mutex_;          // over what follows
  Reply reply_;
  std::string post_;
  std::map<std::int64_t, Answered> waiting_;
  std::string ended_;
};

EventChannel::EventChannel(CallThread& calls, std::string url,
                           std::function<HttpRequest(std::chrono::milliseconds)> make, std::shared_ptr<McpNews> news)
    : calls_(calls), url_(std::move(url)), make_(std::move(make)) {
  listener_ = std::make_shared<Listener>(url_, std::move(news), [this](const std::string& address, const Json& reply) {
    HttpRequest post = make_(std::chrono::seconds(30));
    post.url = address;
    post.body = reply.Dump();
    calls_.Stream(std::move(post), nullptr, [](const std::string&) {});
  });
}

EventChannel::~EventChannel() { listener_->Leave(); }

Async<Status> EventChannel::Open(std::chrono::milliseconds limit) {
  HttpRequest get = make_(limit);
  get.method = "GET";
  get.url = url_;
  get.headers = {{"Accept", "text/event-stream"}};
  get.timeouts.total = std::chrono::hours(24 * 30);
  get.max_response_bytes = std::size_t{1} << 40U;
  calls_.Stream(std::move(get), listener_, [listener = listener_](std::string why) { listener->End(std::move(why)); });
  auto taking = listener_->endpoint().Take(limit);
  CO_TRY_ASSIGN(auto named, co_await taking);
  if (!named) co_return WorldError("no stream of events began in time", url_);
  CO_TRY(*named);
  post_ = std::move(**named);
  co_return Status();
}

Async<Expected<Json>> EventChannel::Ask(const Json& request, std::int64_t id, std::chrono::milliseconds limit) {
  const auto answered = listener_->Expect(id);
  HttpRequest post = make_(limit);
  post.url = post_;
  post.body = request.Dump();
  auto sending = calls_.Send(std::move(post), limit);
  const Expected<HttpResponse> accepted = co_await sending;
  if (!accepted || accepted->status < 200 || accepted->status > 299) {
    listener_->Forget(id);
    if (!accepted) co_return std::unexpected(accepted.error());
    co_return WorldError(fmt::format("HTTP {}: {}", accepted->status, Printable(accepted->body, 200)), url_);
  }
  auto taking = answered.Take(limit);
  auto taken = co_await taking;
  listener_->Forget(id);
  CO_TRY(taken);
  if (!*taken) co_return WorldError("was not answered in time", url_);
  co_return std::move(**taken);
}

Async<Status> EventChannel::Tell(const Json& message, std::chrono::milliseconds limit) {
  HttpRequest post = make_(limit);
  post.url = post_;
  post.body = message.Dump();
  auto sending = calls_.Send(std::move(post), limit);
  CO_TRY(co_await sending);
  co_return Status();
}

}  // namespace xsweep
