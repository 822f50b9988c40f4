// What is asked of a server and what it answers: requests, responses, who asked and where long answers are written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/error.h"

namespace xsweep {

/// Who asked: lets an answer that takes long notice that nobody waits for it any more. Outlives the connection.
class WebPeer {
 public:
  bool left() const { return left_; }
  /// Calls `tell` once when the connection closes; at once when it has. An empty function takes it back. One listener.
  void OnLeft(std::function<void()> tell);

 private:
  friend class WebConnection;
  void Leave();
  bool left_ = false;
  std::function<void()> tell_;
};

struct WebRequest {
  std::string method = {};  ///< as sent
  std::string path = {};    ///< decoded and clean: starts with "/", without the query
  std::string query = {};   ///< as sent, without "?"
  std::string host = {};    ///< as sent, with its port
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< names in lower case, in the order they came in
  std::string body = {};
  std::shared_ptr<WebPeer> peer = {};  ///< never empty in a handler

  /// The first header of that name (in lower case); nullptr without one.
  const std::string* Header(std::string_view name) const;
};

/// Where a handler writes an answer piece by piece.
class WebStream {
 public:
  virtual ~WebStream() = default;
  /// Sends `bytes` now; they stay as they are until it is awaited. Fails when the peer is gone, reads too slowly, or
  /// the loop was stopped.
  virtual Async<Status> Write(std::string_view bytes) = 0;
  /// The same, and nothing follows: the end of the answer may go with them.
  virtual Async<Status> WriteLast(std::string_view bytes) { return Write(bytes); }
};

struct WebResponse {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";  ///< no header when empty
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  /// When not empty, the file whose bytes are sent in place of `body`, piece by piece.
  std::filesystem::path file = {};
  /// When set, it writes the body. When it fails the connection is cut, so that a half never looks like a whole.
  std::function<Async<Status>(WebStream& stream)> stream = {};
  /// Whether `stream` writes before it waits for anything else, so that the head may go with its first bytes.
  bool streams_at_once = false;
};

/// Answers one request. Many may be under way at once, all on the loop's thread. A handler whose path is unmounted
/// runs on to its end, so it holds what it needs.
using WebHandler = std::function<Async<WebResponse>(WebRequest request)>;

}  // namespace xsweep
