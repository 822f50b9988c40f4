// Passing: one answer of a model elsewhere, on its way back to whoever asked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/client/http_pieces.h"
#include "net/http_server.h"

namespace xsweep {

/// Held by shared_ptr by whoever writes it on: a reader who leaves lets it go, and with it the request.
class Passing {
 public:
  /// Told once, at the end: whether the answer is whole. Otherwise it broke off, or its reader left.
  using Ended = std::function<void(const Passing& answer, bool whole)>;

  /// Sends the request. `http` outlives it.
  Passing(Http& http, HttpRequest request, Ended ended);
  ~Passing();
  Passing(const Passing&) = delete;
  Passing& operator=(const Passing&) = delete;

  /// Waits for the head of the answer. Fails with kEpisode when none comes.
  Async<Status> AwaitHead();
  int status() const { return status_; }
  const std::string& type() const { return type_; }
  /// Whether more of it is there to be written on.
  bool has_more() { return passing_.pieces().has_more(); }
  bool is_stream() const { return type_.starts_with("text/event-stream"); }
  /// What has come of it until now.
  const std::string& body() const { return body_; }
  /// Why it broke off; empty where it did not, also where its reader left.
  const std::string& why_broken() const { return why_broken_; }
  /// The answer's head as it goes on, without a body.
  WebResponse TakeHead();

  /// Writes the answer on as it comes. What broke off fails here as well: a half must not look like a whole.
  static Async<Status> Stream(std::shared_ptr<Passing> passing, WebStream& stream);
  /// Waits for all of it.
  static Async<Status> Whole(std::shared_ptr<Passing> passing);

 private:
  Async<Expected<std::string>> Next();
  void End(bool whole);

  HttpPassing passing_;
  Ended ended_;
  int status_ = 0;
  std::string type_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::string body_;
  std::string why_broken_;
};

}  // namespace xsweep
