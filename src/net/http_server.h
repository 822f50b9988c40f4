// Server: HTTP/1.1 for one person's browser. Answers reads only, keeps little in memory, trusts nothing it is sent.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace xsweep {

struct WebRequest {
  std::string method;  ///< GET or HEAD; the server answers everything else itself
  std::string path;    ///< decoded, starts with "/", without the query
  std::string host;    ///< as sent, with its port
  std::string if_none_match;
};

struct WebResponse {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  /// When not empty, the file whose bytes are sent in place of `body`, piece by piece.
  std::filesystem::path file = {};
  /// When set, the connection stays open: called once a second, its text is sent (empty: a sign of life) until the
  /// browser goes away.
  std::function<std::string()> events = {};
};

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< numeric IPv4 or IPv6
  int port = 0;                       ///< 0: any free one
  std::vector<std::string> hosts;     ///< names by which it may be asked, beside loopback's and `address`
};

/// Parses the head of a request ("GET /x HTTP/1.1\r\n...", up to and without the empty line). Fails with kUser for what
/// is no request, carries a body, or has a path that is no clean absolute path after decoding.
Expected<WebRequest> ParseWebRequest(std::string_view head);

/// One thread a connection, at most 64; a head of at most 16 KiB within 10 seconds. The handler is called from many
/// threads at once.
class Server {
 public:
  using Handler = std::function<WebResponse(const WebRequest&)>;
  /// Binds and listens. Fails with kUser when the address or port cannot be had.
  static Expected<Server> Listen(const ServerOptions& options, Handler handler);
  Server(Server&& other) noexcept;
  Server& operator=(Server&&) = delete;
  ~Server();

  int port() const { return port_; }
  /// "http://127.0.0.1:7878/"
  std::string Address() const;
  /// Serves until `stop`; then ends open connections and returns.
  Status Run(const std::atomic<bool>& stop);

 private:
  Server(ServerOptions options, Handler handler, int listener, int port)
      : options_(std::move(options)), handler_(std::move(handler)), listener_(listener), port_(port) {}
  void ServeConnection(int connection, const std::atomic<bool>& stop);
  WebResponse Answer(std::string_view head, bool& head_only) const;
  bool HostAllowed(std::string_view host) const;

  ServerOptions options_;
  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
};

}  // namespace xsweep
