// HttpServer: connections, the checks before a handler, and what goes over the wire. Boost.Beast reads the strangers'
// bytes; everything else is ours, on our loop.
// SPDX-License-Identifier: Apache-2.0
#include <utility>  // boost/asio 1.74 forgets it

#include "net/http_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "base/text.h"
#include "net/http_head.h"

namespace xsweep {
namespace {

namespace http = boost::beast::http;
using std::chrono::seconds;

constexpr std::size_t kMostHead = 16384;
constexpr seconds kHeadTime{10};   ///< from the first byte of a head, or from the connection, to its end
constexpr seconds kBodyTime{30};   ///< for the next piece of a body
constexpr seconds kSendTime{30};   ///< for a peer that does not read
constexpr seconds kIdleTime{600};  ///< between two requests of a connection: agents think for minutes

constexpr std::string_view kLastChunk = "0\r\n\r\n";

std::string Chunk(std::string_view bytes) { return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes); }

WebResponse Plain(int status, std::string text) { return {.status = status, .body = std::move(text) + "\n"}; }

}  // namespace

struct Mount::Point {
  MountOptions options;
  WebHandler handler;
};

Mount& Mount::operator=(Mount&& other) noexcept {
  std::swap(points_, other.points_);
  std::swap(path_, other.path_);
  std::swap(url_, other.url_);
  return *this;
}

Mount::~Mount() {
  if (const auto points = points_.lock()) points->erase(path_);
}

/// One connection from its first byte to its last. Lives in the server's list until it is done.
class WebConnection final : public WebStream {
 public:
  WebConnection(HttpServer& server, int descriptor)
      : server_(server), socket_(server.loop_, descriptor), peer_(std::make_shared<WebPeer>()) {
    socket_.OnPeerLeft([this] { peer_->Leave(); });
  }
  ~WebConnection() override {
    serving_.reset();  // before the socket that it waits for
    peer_->Leave();
  }

  void Start(bool full) {
    serving_.emplace(full ? TurnAway() : Serve());
    serving_->Start();
  }
  bool done() const { return serving_->done(); }

  Async<Status> Write(std::string_view bytes) override {
    if (bytes.empty() || head_only_) co_return Status();
    const std::string sent = std::exchange(head_, {}) + Chunk(bytes);
    co_return co_await socket_.Write(sent, After(kSendTime));
  }
  Async<Status> WriteLast(std::string_view bytes) override {
    if (bytes.empty() || head_only_) co_return Status();
    ended_ = true;
    const std::string sent = (std::exchange(head_, {}) + Chunk(bytes)).append(kLastChunk);
    co_return co_await socket_.Write(sent, After(kSendTime));
  }

 private:
  SteadyTime After(seconds time) const { return server_.loop_.clock().Now() + time; }

  Async<bool> Serve() {
    bool more = true;
    for (bool first = true; more; first = false) more = co_await ServeOne(first);
    Finish();
    co_return true;
  }

  Async<bool> TurnAway() {
    const WebResponse response = Plain(503, "too many connections");
    head_only_ = false;
    co_await Send(response, false);
    Finish();
    co_return true;
  }

  void Finish() {
    peer_->Leave();
    // The frame that runs right now cannot be destroyed from within itself.
    server_.Reap();
  }

  /// One request with its answer; whether another may follow on this connection.
  Async<bool> ServeOne(bool first) {
    HttpParser parser;
    parser.eager(false);
    parser.header_limit(kMostHead);
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // looked at below, where the mount is known
    head_only_ = false;
    const int wrong = co_await ReadHead(parser, first);
    if (wrong == kGone) co_return false;
    if (wrong != 0) co_return co_await Refuse(wrong, "this is no HTTP/1.1 request that is answered here");
    auto head = ReadRequestHead(parser);
    if (!head) co_return co_await Refuse(400, head.error().message);
    WebRequest request{.method = std::move(head->method),
                       .path = std::move(head->path),
                       .query = std::move(head->query),
                       .host = std::move(head->host),
                       .headers = std::move(head->fields)};
    head_only_ = request.method == "HEAD";
    const bool keep = parser.keep_alive();
    if (!server_.NameAllowed(request.host)) {
      co_return co_await Refuse(403, "This host name is not served here; name it with --allow-host.");
    }
    const std::string* origin = request.Header("origin");
    if (origin != nullptr && !server_.OriginAllowed(*origin)) {
      co_return co_await Refuse(403, "Pages of this origin are not served here.");
    }
    const auto point = server_.Find(request.path);
    const std::size_t limit = point == nullptr ? 0 : point->options.body_limit;
    const auto length = parser.content_length();
    if (length && *length > limit) {
      co_return co_await Refuse(point == nullptr ? 404 : 413, "this body is longer than what is read here");
    }
    parser.body_limit(limit);
    const int unread = co_await ReadBody(parser);
    if (unread == kGone) co_return false;
    if (unread != 0) co_return co_await Refuse(unread, "this body cannot be read");
    request.body = std::move(parser.get().body());
    request.peer = peer_;
    if (point == nullptr) {
      const WebResponse nothing = Plain(404, "there is nothing at this address");
      co_return co_await Send(nothing, keep);
    }
    const WebResponse response = co_await point->handler(std::move(request));
    co_return co_await Send(response, keep);
  }

  static constexpr int kGone = -1;

  /// 0 when the head is there, kGone when the peer is not, or the status that says what is wrong.
  Async<int> ReadHead(HttpParser& parser, bool first) {
    SteadyTime deadline = After(first || !buffer_.empty() ? kHeadTime : kIdleTime);
    for (bool waiting = buffer_.empty(); !parser.is_header_done();) {
      if (!buffer_.empty()) {
        const int wrong = Feed(parser, buffer_);
        if (wrong != 0) co_return wrong;
        if (parser.is_header_done()) break;
      }
      const int got = co_await ReadMore(deadline);
      if (got != 0) co_return got == 408 && !waiting ? 408 : kGone;
      if (std::exchange(waiting, false)) deadline = After(kHeadTime);
    }
    co_return 0;
  }

  Async<int> ReadBody(HttpParser& parser) {
    if (parser.is_done()) co_return 0;
    if (parser.get()[http::field::expect] == "100-continue") {
      Status sent = co_await socket_.Write("HTTP/1.1 100 Continue\r\n\r\n", After(kSendTime));
      if (!sent) co_return kGone;
    }
    // Not longer than a minute for each 64 KiB in all, so that a byte now and then holds no place for ever.
    const SteadyTime last = After(seconds(60 + parser.content_length().value_or(1U << 24U) / 65536 * 60));
    while (!parser.is_done()) {
      if (!buffer_.empty()) {
        const int wrong = Feed(parser, buffer_);
        if (wrong != 0) co_return wrong;
        if (parser.is_done()) break;
      }
      const int got = co_await ReadMore(std::min(last, After(kBodyTime)));
      if (got != 0) co_return got;
    }
    co_return 0;
  }

  /// 0 when bytes came; kGone, or 408 when none did in time.
  Async<int> ReadMore(SteadyTime deadline) {
    // The server's one buffer: nobody else runs between its being filled and emptied.
    std::string& piece = server_.scratch_;
    const auto got = co_await socket_.Read(piece.data(), piece.size(), deadline);
    if (!got) co_return server_.loop_.clock().Now() >= deadline ? 408 : kGone;
    if (*got == 0) co_return kGone;
    buffer_.append(piece.data(), *got);
    co_return 0;
  }

  /// Answers and ends the connection: after a request that was not read to its end nothing else can be.
  Async<bool> Refuse(int status, std::string message) {
    const WebResponse response = Plain(status, std::move(message));
    co_await Send(response, false);
    co_return false;
  }

  /// Whether the connection can go on.
  Async<bool> Send(const WebResponse& response, bool keep) {
    if (response.stream) co_return co_await SendStream(response, keep);
    if (!response.file.empty()) co_return co_await SendFile(response, keep);
    std::string bytes = AnswerHead(response.status, response.type, response.headers, response.body.size(), keep);
    if (!head_only_) bytes += response.body;
    const Status sent = co_await socket_.Write(bytes, After(kSendTime));
    co_return sent&& keep;
  }

  Async<bool> SendStream(const WebResponse& response, bool keep) {
    head_ = AnswerHead(response.status, response.type, response.headers, std::nullopt, keep);
    ended_ = false;
    if (head_only_ || !response.streams_at_once) {
      const std::string head = std::exchange(head_, {});
      Status begun = co_await socket_.Write(head, After(kSendTime));
      if (!begun) co_return false;
    }
    if (head_only_) co_return keep;
    Status sent = co_await response.stream(*this);
    if (!sent || ended_) co_return sent&& keep;
    const std::string rest = std::exchange(head_, {}).append(kLastChunk);
    sent = co_await socket_.Write(rest, After(kSendTime));
    co_return sent&& keep;
  }

  Async<bool> SendFile(const WebResponse& response, bool keep) {
    struct Opened {
      int descriptor;
      ~Opened() {
        if (descriptor >= 0) ::close(descriptor);
      }
    } const file{::open(response.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    struct stat status{};
    if (file.descriptor < 0 || ::fstat(file.descriptor, &status) != 0) {
      const WebResponse absent = Plain(404, "not there");
      co_return co_await Send(absent, keep);
    }
    auto left = static_cast<std::uint64_t>(status.st_size);
    const std::string head = AnswerHead(response.status, response.type, response.headers, left, keep);
    Status sent = co_await socket_.Write(head, After(kSendTime));
    std::string piece(65536, '\0');
    while (sent && left > 0 && !head_only_) {
      const ssize_t got = ::read(file.descriptor, piece.data(), std::min<std::uint64_t>(left, piece.size()));
      if (got <= 0) co_return false;  // shorter than promised: the connection ends, which the browser reports
      left -= static_cast<std::uint64_t>(got);
      const std::string_view part(piece.data(), static_cast<std::size_t>(got));
      sent = co_await socket_.Write(part, After(kSendTime));
    }
    co_return sent&& keep;
  }

  HttpServer& server_;
  Socket socket_;
  std::shared_ptr<WebPeer> peer_;
  std::string buffer_;  ///< what was read and not yet parsed
  std::string head_;    ///< of a stream, until its first bytes take it along
  bool ended_ = false;  ///< the last bytes of a stream took its end along
  bool head_only_ = false;
  std::optional<Async<bool>> serving_;
};

Expected<std::unique_ptr<HttpServer>> HttpServer::Listen(IoLoop& loop, ServerOptions options) {
  TRY_ASSIGN(Listener listener, Listener::Open(options.address, options.port));
  return std::unique_ptr<HttpServer>(new HttpServer(loop, std::move(options), std::move(listener)));
}

HttpServer::HttpServer(IoLoop& loop, ServerOptions options, Listener listener)
    : loop_(loop),
      options_(std::move(options)),
      listener_(std::move(listener)),
      points_(std::make_shared<Mount::Points>()) {
  listener_.Watch(loop_, [this](int descriptor) { Take(descriptor); });
}

HttpServer::~HttpServer() {
  if (reaping_) loop_.CancelTimer(reap_);
  reaping_ = true;  // connections that end now are ended by us
  connections_.clear();
}

std::string HttpServer::Address() const {
  const bool six = options_.address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", six ? "[" : "", options_.address, six ? "]" : "", port());
}

Mount HttpServer::Serve(std::string path, MountOptions options, WebHandler handler) {
  const auto point = std::make_shared<const Mount::Point>(Mount::Point{options, std::move(handler)});
  CHECK(points_->emplace(path, point).second, "a path was mounted twice");
  Mount mount;
  mount.points_ = points_;
  mount.url_ = Address() + path;
  mount.path_ = std::move(path);
  return mount;
}

void HttpServer::Take(int descriptor) {
  const bool full = connections_.size() >= options_.most_connections;
  connections_.push_back(std::make_unique<WebConnection>(*this, descriptor));
  connections_.back()->Start(full);
}

void HttpServer::Reap() {
  if (std::exchange(reaping_, true)) return;
  reap_ = loop_.CallAt(loop_.clock().Now(), [this] {
    reaping_ = false;
    std::erase_if(connections_, [](const auto& connection) { return connection->done(); });
  });
}

// A name that somebody's DNS points to this machine must not open it (DNS rebinding), so names are listed.
bool HttpServer::NameAllowed(std::string_view host) const {
  std::string name = AsciiLower(host);
  const std::string own_port = fmt::format(":{}", port());
  if (name.ends_with(own_port)) name.resize(name.size() - own_port.size());
  if (name == "localhost" || name == "127.0.0.1" || name == "[::1]" || name == options_.address) return true;
  return name == "[" + options_.address + "]" || std::ranges::find(options_.hosts, name) != options_.hosts.end();
}

bool HttpServer::OriginAllowed(std::string_view origin) const {
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view kind = origin.substr(0, scheme);
  return (kind == "http" || kind == "https") && NameAllowed(origin.substr(scheme + 3));
}

std::shared_ptr<const Mount::Point> HttpServer::Find(std::string_view path) const {
  const auto exact = points_->find(path);
  if (exact != points_->end()) return exact->second;
  while (path.size() > 1) {
    path = path.substr(0, std::max<std::size_t>(1, path.rfind('/')));
    const auto found = points_->find(path);
    if (found != points_->end()) return found->second->options.below ? found->second : nullptr;
  }
  return nullptr;
}

}  // namespace xsweep
