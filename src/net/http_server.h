// HttpServer: HTTP/1.1 on a loop for browsers, agents and whoever else asks. One coroutine a connection; what answers
// is mounted at a path for as long as an object lives. Trusts nothing that it is sent.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/io_loop.h"
#include "net/socket.h"
#include "net/web_types.h"

namespace xsweep {

struct ServerOptions {
  std::string address = "127.0.0.1";    ///< numeric IPv4 or IPv6
  int port = 0;                         ///< 0: any free one
  std::vector<std::string> hosts = {};  ///< names by which it may be asked, beside loopback's and `address`
  std::size_t most_connections = 4096;  ///< the next one is answered 503
};

struct MountOptions {
  std::size_t body_limit = 0;  ///< bytes; a longer body is answered 413
  bool below = false;          ///< paths below this one as well, where nothing nearer is mounted
};

class HttpServer;

/// A path is served as long as this lives; then it answers 404. Outlived by its server or not: both are fine.
class [[nodiscard]] Mount {
 public:
  Mount() = default;
  Mount(Mount&& other) noexcept = default;
  Mount& operator=(Mount&& other) noexcept;
  ~Mount();
  const std::string& path() const { return path_; }
  /// "http://127.0.0.1:7878" + path().
  const std::string& url() const { return url_; }

 private:
  friend class HttpServer;
  struct Point;
  using Points = std::map<std::string, std::shared_ptr<const Point>, std::less<>>;
  std::weak_ptr<Points> points_;
  std::string path_;
  std::string url_;
};

/// Before any handler is asked: the head must be there within 10 seconds and 16 KiB, and the body must keep coming
/// (400, 408, 413, 431); Host must name this server, which keeps other people's DNS names out, and Origin, when there
/// is one, must too, which keeps other people's pages out (403). HEAD goes to the handler and loses its body. Belongs
/// to the thread of its loop, which outlives it.
class HttpServer {
 public:
  /// Binds, listens and serves from the loop's next round on. Fails with kUser when the address cannot be had.
  static Expected<std::unique_ptr<HttpServer>> Listen(IoLoop& loop, ServerOptions options);
  /// Closes every connection; what is being answered is given up.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  IoLoop& loop() const { return loop_; }
  int port() const { return listener_.port(); }
  /// "http://127.0.0.1:7878", without a slash.
  std::string Address() const;
  std::size_t connections() const { return connections_.size(); }

  /// Serves `path` ("/", "/t/0f3a/mcp"), which nobody has mounted yet.
  Mount Serve(std::string path, MountOptions options, WebHandler handler);

 private:
  friend class WebConnection;
  HttpServer(IoLoop& loop, ServerOptions options, Listener listener);
  void Take(int descriptor);
  void Reap();
  bool NameAllowed(std::string_view host) const;
  bool OriginAllowed(std::string_view origin) const;
  std::shared_ptr<const Mount::Point> Find(std::string_view path) const;

  IoLoop& loop_;
  const ServerOptions options_;
  Listener listener_;
  std::shared_ptr<Mount::Points> points_;
  std::list<std::unique_ptr<class WebConnection>> connections_;
  std::string scratch_ = std::string(65536, '\0');
  bool reaping_ = false;
  IoLoop::TimerId reap_{};
};

}  // namespace xsweep
