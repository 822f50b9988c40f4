// ModelWatch: what is known of one trial's dialogue with its model: what it was shown and sent, asked for and used.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "episode/model.h"
#include "episode/witness.h"
#include "models/wires/price.h"
#include "relay/wires/ask.h"

namespace xsweep {

/// A call that the model made of a tool of ours, and whether it has been executed.
struct ModelCall {
  ToolCall call;          ///< by the environment's name
  std::size_t reply = 0;  ///< which of the replies
  bool executed = false;
};

/// What a request of the dialogue has brought at its end. An agent that ends there without an answer has shown nothing
/// of what its model would have done.
struct LastWord {
  std::string failure;                   ///< "was an error (status 500)", "broke off"; empty for a reply
  NoAnswer no_answer = NoAnswer::kNone;  ///< why a reply is none, if it is none
  std::string why;                       ///< the same in plain words
};

class ModelWatch {
 public:
  /// `tools` are the environment's, by name.
  explicit ModelWatch(std::vector<std::string> tools) : tools_(std::move(tools)) {}

  // What passed.
  void Asked(const ModelAsk& ask);
  /// What the reply has used, for the budget too. A reply that cost nothing has `paid` false; one that did is reckoned
  /// by `price`, where there is one.
  Usage Answered(const ModelAsk& ask, const ModelReply& reply, bool paid, const std::optional<Price>& price);
  void AskedOtherwise() { ++others_; }
  void Refused(const ModelAsk& ask, int status);  ///< an answer of status 400 or above
  void Cut(const ModelAsk& ask);                  ///< an answer that broke off, or whose reader left
  void Unreadable(const ModelAsk& ask);
  void Misunderstood();  ///< a request that could not be read, and was answered with an error of ours

  /// Whether the model was asked at all, and whether it was offered a tool of ours when it was.
  bool asked() const { return dialogue_requests_ > 0; }
  bool offered() const { return !offered_.empty(); }
  /// What the last request of the dialogue has brought; nothing while its answer has not come to an end.
  const std::optional<LastWord>& last_word() const { return last_word_; }
  /// What was used since this was asked last, side calls included.
  Usage TakeUsage() { return std::exchange(usage_, {}); }
  /// The words with which the model asked for a call that is being executed, "" when it is not known to have; marks it
  /// executed. By id where both sides have the same, otherwise the first one open with that name and arguments. Some
  /// agents act before their model's stream has come to its end: such a call is executed as soon as it is known.
  std::string WordsFor(const ToolCall& executed);
  /// Calls of our tools that the model made and that have not been executed.
  std::vector<ToolCall> OpenCalls() const;
  /// Whether a text stands in what the model was sent.
  Delivery Sent(std::string_view payload) const;
  std::vector<std::string> Notes() const;
  /// The environment's name of a tool that the agent shows under another; empty when it is none of ours.
  std::string OursOf(std::string_view shown) const;

 private:
  void NoteText(std::string_view text);
  void NoteFailure(const ModelAsk& ask, std::string failure);
  LastWord WordOf(const ModelReply& reply) const;
  void NoteCalls(const ModelReply& reply);

  const std::vector<std::string> tools_;
  int dialogue_requests_ = 0;
  int side_requests_ = 0;
  int others_ = 0;
  int refused_ = 0;
  int cut_ = 0;
  int unreadable_ = 0;
  std::vector<ToolSchema> offered_;  // our tools that the model was offered, by the names that it was told
  std::optional<LastWord> last_word_;
  Usage usage_, side_usage_;
  std::vector<std::string> replies_;  // the words of each
  std::vector<ModelCall> calls_;
  std::vector<ToolCall> ahead_;          // executed, and not yet known to have been asked for
  std::set<std::string> foreign_calls_;  // names of tools that are not ours
  std::string sent_;                     // all texts that the model was sent, each once
  std::unordered_set<std::uint64_t> sent_before_;
};

}  // namespace xsweep
