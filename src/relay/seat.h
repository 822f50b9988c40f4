// RelaySeat: the place of one trial's agent before its model: what it asks passes here, and is noted on the way.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "episode/turn_keeper.h"
#include "relay/endpoint.h"
#include "relay/mediator.h"
#include "relay/passing.h"
#include "relay/recorded.h"
#include "relay/seated_model.h"
#include "relay/upstream.h"
#include "relay/watch.h"

namespace xsweep {

/// What a seat needs of its trial. What is pointed to outlives `Close`.
struct SeatContext {
  Http* http = nullptr;          ///< nullptr in a replay and for a seated model
  TurnKeeper* keeper = nullptr;  ///< budget and recording; may be nullptr
  CallIdentity identity{};
  std::vector<std::string> tools{};          ///< the environment's, by name
  std::vector<std::string> private_words{};  ///< the trial's address and directory: not the same in a second run
  UpstreamSettings upstream{};
  std::unique_ptr<SeatedModel> seated{};  ///< answers in place of an upstream
  std::shared_ptr<Mediator> mediator{};   ///< of an agent whose tools are its own; empty: what passes is only watched
  int most_requests = 200;
};

/// Passes requests on byte by byte and answers back as they come, or lets a seated model answer; what both sides said
/// is noted on the way. One trial's; one thread; held by shared_ptr, because late requests outlive the trial and must
/// be told so.
class RelaySeat final : public ModelHost, public std::enable_shared_from_this<RelaySeat> {
 public:
  explicit RelaySeat(SeatContext context);
  ~RelaySeat() override;

  Async<WebResponse> Answer(ModelRoute route, std::string rest, WebRequest request) override;
  /// The trial is over: later requests are told so, and nothing of the context is used any more.
  void Close();
  /// A word of the trial's own, which a second run has not: an address, a directory.
  void Hide(std::string word) { asks_.Hide(std::move(word)); }
  /// Told once, when the trial cannot go on: a budget, a miss in a recording, more requests than may be.
  void OnFailure(std::function<void(const Error&)> tell) { tell_failure_ = std::move(tell); }
  const std::optional<Error>& failure() const { return failure_; }
  ModelWatch& watch() { return watch_; }
  const ModelWatch& watch() const { return watch_; }

 private:
  /// A request and how it is passed on.
  struct Way {
    ModelRoute route;
    std::string rest;
    WebRequest request;
    bool hold = false;  ///< the answer must come whole
  };
  Async<WebResponse> AnswerOther(Way way);
  Async<WebResponse> Reply(Way way);
  Async<WebResponse> Mediated(Way way, ModelAsk ask);
  Async<WebResponse> Obtain(Way way, ModelAsk ask);
  Async<WebResponse> FromUpstream(Way way, Passing::Ended ended);
  Async<WebResponse> FromSeated(ModelAsk ask, ModelRequest kept, bool hold);
  WebResponse Again(const ModelAsk& ask, const ModelReply& reply, bool hold);
  void NoteEnd(const Passing& answer, bool whole, const ModelAsk& ask, const ModelRequest& kept);
  /// Notes an upstream's answer, `now` or as it was kept. Fails where it is no reply.
  Expected<ModelReply> NoteKept(const ModelAsk& ask, const Json& kept, bool now);
  void Keep(const ModelRequest& kept, const ModelReply& reply);
  WebResponse Refuse(Wire wire, int status, Error error);
  void Fail(Error error);

  SeatContext context_;
  ModelWatch watch_;
  RecordedAsks asks_;
  bool closed_ = false;
  std::optional<Error> failure_;
  std::function<void(const Error&)> tell_failure_;
  int requests_ = 0;
};

}  // namespace xsweep
