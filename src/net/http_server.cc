// Server: sockets, threads and the headers that every answer carries.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::size_t kMaxHead = 16384;
constexpr int kMaxConnections = 64;
constexpr std::chrono::seconds kPatience{10};

// Nothing that a page shows may run, load or send anything but what this server gave it.
constexpr std::string_view kSafetyHeaders =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

std::string_view StatusWords(int status) {
  switch (status) {
    case 200: return "OK";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

bool SendAll(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool SendFile(int connection, int file, std::uint64_t size) {
  std::array<char, 65536> piece;
  while (size > 0) {
    const ssize_t got = ::read(file, piece.data(), std::min<std::uint64_t>(size, piece.size()));
    if (got <= 0) return false;  // shorter than promised: the connection ends, which the browser reports
    if (!SendAll(connection, {piece.data(), static_cast<std::size_t>(got)})) return false;
    size -= static_cast<std::uint64_t>(got);
  }
  return true;
}

std::string Head(const WebResponse& response, std::uint64_t size) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}", response.status,
                                 StatusWords(response.status), response.type, kSafetyHeaders);
  bool cache = false;
  for (const auto& [name, value] : response.headers) {
    head += fmt::format("{}: {}\r\n", name, value);
    cache = cache || name == "Cache-Control";
  }
  if (!cache) head += "Cache-Control: no-store\r\n";
  if (!response.events) head += fmt::format("Content-Length: {}\r\n", size);
  return head + (response.events ? "Connection: close\r\n\r\n" : "\r\n");
}

bool SendEvents(int connection, const WebResponse& response, const std::atomic<bool>& stop) {
  if (!SendAll(connection, Head(response, 0) + ": xsweep\n\n")) return false;
  while (!stop) {
    const std::string text = response.events();
    if (!SendAll(connection, text.empty() ? ":\n\n" : text)) return false;
    // Ends early when the browser hangs up.
    pollfd gone{connection, POLLIN | POLLRDHUP, 0};
    if (::poll(&gone, 1, 1000) > 0) return false;
  }
  return false;
}

bool Send(int connection, const WebResponse& response, bool head_only, const std::atomic<bool>& stop) {
  if (response.events && !head_only) return SendEvents(connection, response, stop);
  if (response.file.empty()) {
    return SendAll(connection, Head(response, response.body.size())) &&
           (head_only || SendAll(connection, response.body));
  }
  const int file = ::open(response.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return Send(connection, {.status = 404, .body = "not there\n"}, head_only, stop);
  std::error_code ignored;
  const std::uint64_t size = std::filesystem::file_size(response.file, ignored);
  const bool sent = SendAll(connection, Head(response, size)) && (head_only || SendFile(connection, file, size));
  ::close(file);
  return sent;
}

/// Reads up to and with the empty line; empty when the peer closed, was too slow or sent too much.
std::string ReadHead(int connection, std::string& buffer, const std::atomic<bool>& stop) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!stop && std::chrono::steady_clock::now() < deadline) {
    if (const std::size_t end = buffer.find("\r\n\r\n"); end != std::string::npos) {
      std::string head = buffer.substr(0, end);
      buffer.erase(0, end + 4);
      return head;
    }
    if (buffer.size() > kMaxHead) return {};
    pollfd ready{connection, POLLIN, 0};
    if (::poll(&ready, 1, 250) <= 0) continue;
    std::array<char, 4096> piece;
    const ssize_t got = ::recv(connection, piece.data(), piece.size(), 0);
    if (got <= 0) return {};
    buffer.append(piece.data(), static_cast<std::size_t>(got));
  }
  return {};
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Percent-decoded; empty when it is broken or decodes to what no path of ours holds.
std::string DecodePath(std::string_view target) {
  std::string path;
  for (std::size_t i = 0; i < target.size(); ++i) {
    char c = target[i];
    if (c == '%') {
      const int high = i + 2 < target.size() ? HexDigit(target[i + 1]) : -1;
      const int low = i + 2 < target.size() ? HexDigit(target[i + 2]) : -1;
      if (high < 0 || low < 0) return {};
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 32 || c == '\\' || c == 127) return {};
    path += c;
  }
  return path;
}

bool CleanPath(std::string_view path) {
  if (!path.starts_with('/') || path.find("//") != std::string_view::npos) return false;
  return (std::string(path) + "/").find("/../") == std::string::npos && path.find("/./") == std::string_view::npos;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Expected<WebRequest> ParseWebRequest(std::string_view head) {
  WebRequest request;
  const std::size_t end = std::min(head.find("\r\n"), head.size());
  const std::string_view line = head.substr(0, end);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !line.substr(last + 1).starts_with("HTTP/1.")) {
    return UserError("this is no HTTP/1.1 request");
  }
  request.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  request.path = DecodePath(target.substr(0, target.find('?')));
  if (!CleanPath(request.path)) return UserError("this is no clean path");
  int hosts = 0;
  for (std::size_t start = end; start + 2 < head.size();) {
    start += 2;
    const std::size_t stop = std::min(head.find("\r\n", start), head.size());
    const std::string_view field = head.substr(start, stop - start);
    start = stop;
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos) return UserError("a header has no colon");
    const std::string name = AsciiLower(field.substr(0, colon));
    const std::string_view value = Trim(field.substr(colon + 1));
    if (name == "host") {
      request.host = value;
      ++hosts;
    }
    if (name == "if-none-match") request.if_none_match = value;
    if (name == "transfer-encoding" || (name == "content-length" && value != "0"))
      return UserError("requests have no body");
  }
  if (hosts != 1) return UserError("a request needs one Host header");
  return request;
}

Expected<Server> Server::Listen(const ServerOptions& options, Handler handler) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(options.address.c_str(), std::to_string(options.port).c_str(), &hints, &found) != 0) {
    return UserError("is no numeric address; 127.0.0.1 is this machine alone, 0.0.0.0 everybody who can reach it",
                     options.address);
  }
  const int listener = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound =
      listener >= 0 && ::bind(listener, found->ai_addr, found->ai_addrlen) == 0 && ::listen(listener, 64) == 0;
  const int code = errno;
  ::freeaddrinfo(found);
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  std::array<char, 16> port{};
  if (!bound || ::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&name), size, nullptr, 0, port.data(), port.size(), NI_NUMERICSERV) !=
          0) {
    if (listener >= 0) ::close(listener);
    return UserError(
        fmt::format("cannot listen: {}; choose another port with --port (0: any free one)", std::strerror(code)),
        fmt::format("{}:{}", options.address, options.port));
  }
  return Server(options, std::move(handler), listener, std::stoi(port.data()));
}

Server::Server(Server&& other) noexcept
    : options_(std::move(other.options_)),
      handler_(std::move(other.handler_)),
      listener_(std::exchange(other.listener_, -1)),
      port_(other.port_) {}

Server::~Server() {
  if (listener_ >= 0) ::close(listener_);
}

std::string Server::Address() const {
  const bool six = options_.address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}/", six ? "[" : "", options_.address, six ? "]" : "", port_);
}

bool Server::HostAllowed(std::string_view host) const {
  // A name that somebody's DNS points to this machine must not open it (DNS rebinding), so names are listed.
  std::string name = AsciiLower(host);
  const std::string port = fmt::format(":{}", port_);
  if (name.ends_with(port)) name.resize(name.size() - port.size());
  if (name == "localhost" || name == "127.0.0.1" || name == "[::1]" || name == options_.address) return true;
  return name == "[" + options_.address + "]" || std::ranges::find(options_.hosts, name) != options_.hosts.end();
}

WebResponse Server::Answer(std::string_view head, bool& head_only) const {
  const auto request = ParseWebRequest(head);
  if (!request) return {.status = 400, .body = request.error().message + "\n"};
  head_only = request->method == "HEAD";
  if (!HostAllowed(request->host)) {
    return {.status = 403,
            .body = "This host name is not served here; start `xsweep serve` with --allow-host for it.\n"};
  }
  if (request->method != "GET" && !head_only) {
    return {.status = 405, .headers = {{"Allow", "GET, HEAD"}}, .body = "This server only answers reads.\n"};
  }
  return handler_(*request);
}

void Server::ServeConnection(int connection, const std::atomic<bool>& stop) {
  const timeval patience{30, 0};  // for a peer that does not read
  ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::string buffer;
  for (;;) {
    const std::string head = ReadHead(connection, buffer, stop);
    if (head.empty()) return;
    bool head_only = false;
    const WebResponse response = Answer(head, head_only);
    if (!Send(connection, response, head_only, stop) || response.status == 400) return;
  }
}

Status Server::Run(const std::atomic<bool>& stop) {
  std::mutex mutex;
  std::condition_variable ended;
  int open = 0;
  while (!stop) {
    pollfd ready{listener_, POLLIN, 0};
    if (::poll(&ready, 1, 200) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    std::unique_lock lock(mutex);
    if (open >= kMaxConnections) {
      SendAll(connection, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      ::close(connection);
      continue;
    }
    ++open;
    std::thread([&, connection] {
      ServeConnection(connection, stop);
      ::close(connection);
      const std::lock_guard done(mutex);
      --open;
      ended.notify_all();
    }).detach();
  }
  std::unique_lock lock(mutex);
  ended.wait(lock, [&] { return open == 0; });
  return {};
}

}  // namespace xsweep
