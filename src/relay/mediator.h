// Mediator: lets attack and defense at an agent's own tools, whose calls and results pass the relay and nothing else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "episode/own_tools.h"
#include "net/io_loop.h"
#include "relay/wires/ask.h"
#include "relay/wires/denied_calls.h"

namespace xsweep {

/// Hands a call to the episode; what the agent is to be shown of its result comes back.
using HandCall = std::function<Async<Expected<std::string>>(ToolCall call)>;

/// One trial's, on its loop. A reply of the model is a turn: its calls go to the episode and are decided before the
/// agent has the reply. What the agent's own tools answered stands in its next request; there the environment finds it,
/// and from there on, in every later request, stands what attack and defense have made of it.
class Mediator final : public ResultSource, public std::enable_shared_from_this<Mediator> {
 public:
  Mediator(IoLoop& loop, HandCall hand) : loop_(loop), hand_(std::move(hand)) {}

  /// Fails where the history has calls with results, of tools that `ours` knows, which no reply held when it was read
  /// here: whoever made them, nobody decided them, and their effects went unseen. What stands in the first request is
  /// an example.
  Status CheckHistory(const ModelAsk& ask, const std::function<bool(std::string_view)>& ours);
  /// The request as its model is to see it, hidden turns aside. Waits until the episode has seen the results in it.
  Async<Expected<std::string>> Prepare(std::string body, ModelAsk ask);
  /// Which of the calls of a reply are denied, once that is decided.
  Async<Expected<std::vector<bool>>> Decide(std::vector<ToolCall> calls);
  /// Whether any could be: without it nothing has to be held back.
  bool denies() const { return denies_; }
  void ExpectNoDenial() { denies_ = false; }
  /// The turn with what the model is told of its denied calls, once that is known.
  Async<Expected<std::vector<DecidedCall>>> AwaitNotices(std::vector<DecidedCall> turn);
  /// A turn that its agent does not know of, at the end of a history of `place` entries.
  void Hide(std::size_t place, Json entries) { hidden_.push_back({place, std::move(entries)}); }
  /// A turn of which its agent does not know the denied calls.
  void HidePart(std::vector<DecidedCall> turn) { partly_hidden_.push_back(std::move(turn)); }
  /// The agent's own history with all that it does not know of.
  Expected<std::string> AsModelHasIt(Wire wire, const std::string& body) const;
  /// Descriptions as attack and defense have left them, by the environment's names; the first that is said stays.
  void ShowTools(const std::vector<ToolSchema>& own, const std::vector<ToolSchema>& shown);

  Async<Expected<ToolOutcome>> ResultOf(ToolCall call) override;
  void Decided(const std::vector<ToolCall>& calls, const std::vector<bool>& denied);
  /// The agent has answered its prompt, or failed for that reason: of a call that has no result by then, nobody knows
  /// whether it was made.
  void EndTurn(const std::string& why_failed);
  /// The agent has ended, or the trial is over: what did not come by will not.
  void End();

 private:
  struct Open {
    ToolCall call;
    std::optional<bool> denied{};
    std::optional<std::string> result{};
    bool failed = false;
    std::optional<std::string> lost{};  ///< why there will be no result; its text may be empty
    std::optional<Expected<std::string>> shown{};
  };
  struct Changed {
    std::string original, shown;
  };
  void WakeAll();
  Async<Status> Until(std::function<bool()> there);
  bool TakeResults(const ModelAsk& ask);
  void FailOpen(const char* why);
  Async<Status> AwaitShown();
  bool AddNotices(std::vector<DecidedCall>& turn) const;
  Expected<std::string> Rewrite(std::string body, const ModelAsk& ask) const;

  IoLoop& loop_;
  const HandCall hand_;
  std::map<std::string, Open> open_;                        // by id
  std::optional<std::set<std::string>> given_;              // ids of calls in the first request
  std::map<std::string, Changed> changed_;                  // results that the model sees otherwise
  std::map<std::string, std::string> appended_, replaced_;  // to and for descriptions, by tool
  std::vector<HiddenTurn> hidden_;
  std::vector<std::vector<DecidedCall>> partly_hidden_;
  bool denies_ = true;
  std::vector<Wait*> waiting_;
  bool ended_ = false;
};

}  // namespace xsweep
