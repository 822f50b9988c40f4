// RelaySeat: the place of one trial's agent before its model: what it asks passes here, and is noted on the way.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "episode/turn_keeper.h"
#include "net/http_pieces.h"
#include "relay/endpoint.h"
#include "relay/mediator.h"
#include "relay/seated_model.h"
#include "relay/upstream.h"

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

/// A call that the model made of a tool of ours, and whether it has been executed.
struct ModelCall {
  ToolCall call;          ///< by the environment's name
  std::size_t reply = 0;  ///< place in `replies`
  bool executed = false;
};

/// Passes requests on byte by byte and answers back as they come, or lets a seated model answer. Reads both sides: what
/// the model was shown and sent, what it asked for, what it used. One trial's; one thread; held by shared_ptr, because
/// late requests outlive the trial and must be told so.
class RelaySeat final : public ModelHost, public std::enable_shared_from_this<RelaySeat> {
 public:
  explicit RelaySeat(SeatContext context);
  ~RelaySeat() override;

  Async<WebResponse> Answer(ModelRoute route, std::string rest, WebRequest request) override;
  /// The trial is over: later requests are told so, and nothing of the context is used any more.
  void Close();
  /// A word of the trial's own, which a second run has not: an address, a directory.
  void Hide(std::string word) { context_.private_words.push_back(std::move(word)); }
  /// Told once, when the trial cannot go on: a budget, a miss in a recording, more requests than may be.
  void OnFailure(std::function<void(const Error&)> tell) { tell_failure_ = std::move(tell); }
  const std::optional<Error>& failure() const { return failure_; }

  /// Whether the model was asked at all, and whether it was offered a tool of ours when it was.
  bool asked() const { return dialogue_requests_ > 0; }
  bool offered() const { return offered_; }
  /// What was used since this was asked last, side calls included.
  Usage TakeUsage() { return std::exchange(usage_, {}); }
  /// The words with which the model asked for a call that is being executed, "" when it is not known to have; marks it
  /// executed. By id where both sides have the same, otherwise the first one open with that name and arguments.
  std::string WordsFor(const ToolCall& executed);
  /// Calls of our tools that the model made and that have not been executed.
  std::vector<ToolCall> OpenCalls() const;
  Delivery Sent(std::string_view payload) const;
  std::vector<std::string> Notes() const;

 private:
  struct Passed;
  Async<WebResponse> Reply(ModelRoute route, std::string rest, WebRequest request);
  Async<WebResponse> FromUpstream(ModelRoute route, std::string rest, WebRequest request,
                                  std::shared_ptr<Passed> passed, bool hold);
  Async<WebResponse> FromSeated(std::shared_ptr<Passed> passed, bool hold);
  WebResponse Again(const Passed& passed, const ModelReply& reply, bool hold);
  void Keep(const Passed& passed, const ModelReply& reply);
  Async<WebResponse> Obtain(ModelRoute route, std::string rest, WebRequest request, std::shared_ptr<Passed> passed,
                            bool hold);
  Async<WebResponse> Mediated(ModelRoute route, std::string rest, WebRequest request, ModelAsk ask);
  Async<WebResponse> Whole(std::shared_ptr<Passed> passed);
  static Async<Status> Stream(std::shared_ptr<Passed> passed, WebStream& stream);
  WebResponse Refuse(Wire wire, int status, Error error);
  void Fail(Error error);
  void NoteAsk(const ModelAsk& ask);
  void NoteText(std::string_view text);
  void NoteReply(const ModelAsk& ask, const ModelReply& reply, bool priced);
  void NoteEnd(Passed& passed, bool whole);
  ModelRequest RequestOf(const ModelAsk& ask);
  std::string Plain(std::string text) const;
  std::string OursOf(std::string_view shown) const;

  SeatContext context_;
  bool closed_ = false;
  std::optional<Error> failure_;
  std::function<void(const Error&)> tell_failure_;
  int requests_ = 0;
  int dialogue_requests_ = 0;
  int side_requests_ = 0;
  int counting_requests_ = 0;
  int refused_ = 0;  ///< answers of status 400 and above
  int cut_ = 0;      ///< answers that broke off, or whose reader left
  int unreadable_ = 0;
  bool offered_ = false;
  Usage usage_, side_usage_;
  std::uint32_t exchanges_ = 0;
  std::vector<std::string> replies_;  ///< the words of each
  std::vector<ModelCall> calls_;
  std::set<std::string> foreign_calls_;  ///< names of tools that are not ours
  std::string sent_;                     ///< all texts that the model was sent, each once
  std::unordered_set<std::uint64_t> sent_before_;
};

}  // namespace xsweep
