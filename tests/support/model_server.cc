// ModelServer: a web server on loopback that misbehaves as it is told; stands in for every provider in tests.
// SPDX-License-Identifier: Apache-2.0
#include "support/model_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <map>
#include <unordered_map>

#include "base/json.h"

namespace xsweep::testing {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Manner = ServerReply::Manner;
constexpr std::chrono::milliseconds kTrickleStep{20};

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

void ParseHead(std::string_view head, SeenRequest& request) {
  std::size_t line_end = head.find("\r\n");
  const std::string_view first = head.substr(0, line_end);
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  while (line_end != std::string_view::npos && line_end + 2 < head.size()) {
    const std::size_t start = line_end + 2;
    line_end = head.find("\r\n", start);
    const std::string_view line = head.substr(start, line_end == std::string_view::npos ? line_end : line_end - start);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    request.headers.emplace_back(line.substr(0, colon), value);
  }
}

std::string Head(const ServerReply& reply) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reply.status < 400 ? "OK" : "No");
  for (const auto& [name, value] : reply.headers) out += fmt::format("{}: {}\r\n", name, value);
  if (reply.manner == Manner::kEndless) return out + "Transfer-Encoding: chunked\r\n\r\n";
  if (reply.manner == Manner::kCloseAfter) out += "Connection: close\r\n";
  const auto typed = [](const auto& header) { return header.first == "Content-Type"; };
  if (std::ranges::none_of(reply.headers, typed)) out += "Content-Type: application/json\r\n";
  return out + fmt::format("Content-Length: {}\r\n\r\n", reply.body.size());
}

}  // namespace

std::string_view SeenRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameName(key, name)) return value;
  }
  return {};
}

/// The server's thread: epoll over its connections, and a list of what is to be said later.
class ModelServer::Reactor {
 public:
  explicit Reactor(ModelServer& server) : server_(server), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    Add(server_.listener_, EPOLLIN);
    Add(server_.wakeup_, EPOLLIN);
  }
  ~Reactor() {
    while (!peers_.empty()) Close(peers_.begin()->first);
    close(epoll_);
  }

  void Round() {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), Timeout());
    for (int i = 0; i < count; ++i) Handle(events[i].data.fd, events[i].events);
    const auto now = SteadyClock::now();
    while (!later_.empty() && later_.begin()->first <= now) {
      auto [socket, serial, action] = std::move(later_.begin()->second);
      later_.erase(later_.begin());
      const auto peer = peers_.find(socket);
      if (peer != peers_.end() && peer->second.serial == serial) action(socket, peer->second);
    }
  }

 private:
  struct Peer {
    int serial = 0;
    std::string in;
    std::string out;
    bool close_when_sent = false;
    bool endless = false;
    bool watching_out = false;
  };
  using Action = std::function<void(int, Peer&)>;
  struct Later {
    int socket;
    int serial;
    Action action;
  };

  void Add(int descriptor, std::uint32_t what) const {
    epoll_event event{.events = what, .data = {.fd = descriptor}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }

  int Timeout() const {
    if (later_.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(later_.begin()->first - SteadyClock::now());
    return std::max(0, static_cast<int>(left.count()));
  }

  void Handle(int socket, std::uint32_t events) {
    if (socket == server_.listener_) return Accept();
    if (socket == server_.wakeup_) return;
    const auto found = peers_.find(socket);
    if (found == peers_.end()) return;
    if (events & EPOLLOUT) {
      if (!Flush(socket, found->second)) return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) Read(socket, found->second);
  }

  void Accept() {
    for (;;) {
      const int socket = accept4(server_.listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      const int yes = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      peers_[socket].serial = server_.connections_++;
      Add(socket, EPOLLIN);
    }
  }

  void Read(int socket, Peer& peer) {
    std::array<char, 16384> buffer;
    for (;;) {
      const ssize_t got = recv(socket, buffer.data(), buffer.size(), 0);
      if (got > 0) peer.in.append(buffer.data(), static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EAGAIN)) return Close(socket);
      if (got < static_cast<ssize_t>(buffer.size())) break;
    }
    TakeRequest(socket, peer);
  }

  void TakeRequest(int socket, Peer& peer) {
    const std::size_t head_end = peer.in.find("\r\n\r\n");
    if (head_end == std::string::npos) return;
    SeenRequest request;
    ParseHead(std::string_view(peer.in).substr(0, head_end), request);
    std::size_t length = 0;
    const std::string_view digits = request.Header("content-length");
    std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (peer.in.size() < head_end + 4 + length) return;
    request.body = peer.in.substr(head_end + 4, length);
    peer.in.erase(0, head_end + 4 + length);
    request.connection = peer.serial;
    request.number = server_.requests_++;
    ServerReply reply = server_.handler_(request);
    if (reply.latency.count() == 0) return Answer(socket, peer, reply);
    const auto latency = reply.latency;
    At(socket, peer, latency, [this, reply = std::move(reply)](int s, Peer& p) { Answer(s, p, reply); });
  }

  void At(int socket, const Peer& peer, std::chrono::milliseconds wait, Action action) {
    later_.emplace(SteadyClock::now() + wait, Later{socket, peer.serial, std::move(action)});
  }

  void Answer(int socket, Peer& peer, const ServerReply& reply) {
    peer.close_when_sent = reply.manner == Manner::kCloseAfter;
    switch (reply.manner) {
      case Manner::kHang: return;
      case Manner::kDrop: return Close(socket);
      case Manner::kNotHttp:
        peer.close_when_sent = true;
        peer.out += reply.body;
        break;
      case Manner::kDropMidway:
        peer.close_when_sent = true;
        peer.out += Head(reply) + reply.body.substr(0, reply.body.size() / 2);
        break;
      case Manner::kEndless:
        peer.endless = true;
        peer.out += Head(reply);
        break;
      case Manner::kTrickle:
        peer.out += Head(reply);
        Trickle(socket, peer, reply.body, 0);
        break;
      default: peer.out += Head(reply) + reply.body;
    }
    Flush(socket, peer);
  }

  void Trickle(int socket, const Peer& peer, std::string body, std::size_t sent) {
    if (sent == body.size()) return;
    At(socket, peer, kTrickleStep, [this, body = std::move(body), sent](int s, Peer& p) {
      p.out += body[sent];
      if (Flush(s, p)) Trickle(s, p, body, sent + 1);
    });
  }

  /// False when the connection is gone.
  bool Flush(int socket, Peer& peer) {
    for (;;) {
      if (peer.out.empty() && peer.endless) peer.out = "1000\r\n" + std::string(0x1000, ' ') + "\r\n";
      if (peer.out.empty()) break;
      const ssize_t sent = send(socket, peer.out.data(), peer.out.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) {
        WatchOut(socket, peer, true);
        return true;
      }
      if (sent < 0) {
        Close(socket);
        return false;
      }
      peer.out.erase(0, static_cast<std::size_t>(sent));
    }
    if (peer.close_when_sent) {
      Close(socket);
      return false;
    }
    WatchOut(socket, peer, false);
    return true;
  }

  void WatchOut(int socket, Peer& peer, bool wanted) const {
    if (peer.watching_out == wanted) return;
    peer.watching_out = wanted;
    epoll_event event{.events = EPOLLIN | (wanted ? EPOLLOUT : 0U), .data = {.fd = socket}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
  }

  void Close(int socket) {
    peers_.erase(socket);
    close(socket);
  }

  ModelServer& server_;
  int epoll_;
  std::unordered_map<int, Peer> peers_;
  std::multimap<SteadyClock::time_point, Later> later_;
};

ModelServer::ModelServer(Handler handler, int port) : handler_(std::move(handler)), wakeup_(eventfd(0, EFD_CLOEXEC)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 4096) != 0) {
    return;  // port() stays 0, which no test can use
  }
  socklen_t length = sizeof address;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

ModelServer::~ModelServer() {
  stop_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wakeup_, &one, sizeof one);
  if (thread_.joinable()) thread_.join();
  close(listener_);
  close(wakeup_);
}

void ModelServer::Serve() {
  Reactor reactor(*this);
  while (!stop_) reactor.Round();
}

std::string ModelServer::Url(std::string_view path) const { return fmt::format("http://127.0.0.1:{}{}", port_, path); }

namespace {

std::string ChatBodyOf(Json message, std::string_view finish_reason, int prompt_tokens, int completion_tokens) {
  message.Set("role", "assistant");
  const Json choice =
      Json::MakeObject({{"index", 0}, {"message", std::move(message)}, {"finish_reason", finish_reason}});
  const Json usage = Json::MakeObject({{"prompt_tokens", prompt_tokens},
                                       {"completion_tokens", completion_tokens},
                                       {"total_tokens", prompt_tokens + completion_tokens}});
  return Json::MakeObject({{"id", "chatcmpl-1"},
                           {"object", "chat.completion"},
                           {"model", "test-model"},
                           {"choices", Json::MakeArray({choice})},
                           {"usage", usage}})
      .Dump();
}

}  // namespace

std::string ChatBody(std::string_view text, int prompt_tokens, int completion_tokens) {
  return ChatBodyOf(Json::MakeObject({{"content", text}}), "stop", prompt_tokens, completion_tokens);
}

std::string ChatCallBody(std::string_view tool, std::string_view arguments, std::string_view id) {
  const Json function = Json::MakeObject({{"name", tool}, {"arguments", arguments}});
  const Json call = Json::MakeObject({{"id", id}, {"type", "function"}, {"function", function}});
  return ChatBodyOf(Json::MakeObject({{"content", nullptr}, {"tool_calls", Json::MakeArray({call})}}), "tool_calls", 10,
                    5);
}

std::string ErrorBody(std::string_view message, std::string_view code) {
  const Json error = Json::MakeObject({{"message", message}, {"type", code}, {"code", code}});
  return Json::MakeObject({{"error", error}}).Dump();
}

ServerReply EchoHeaders(const SeenRequest& request) {
  std::string text;
  ServerReply reply;
  for (const auto& [name, value] : request.headers) {
    text += name + ": " + value + "\n";
    reply.headers.emplace_back("X-Echo-" + name, value);
  }
  reply.body = ChatBody(text);
  return reply;
}

bool RateGate::Admit() {
  const std::lock_guard lock(mutex_);
  const auto now = SteadyClock::now();
  tokens_ = std::min(burst_, tokens_ + std::chrono::duration<double>(now - last_).count() * rate_);
  last_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace xsweep::testing
