// ModelWatch: what is known of one trial's dialogue with its model.
// SPDX-License-Identifier: Apache-2.0
#include "relay/watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "episode/exposure.h"
#include "models/replies/text_calls.h"
#include "relay/seated_model.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostSent = std::size_t{16} << 20U;  ///< bytes of text that are kept to look for payloads

bool SameArguments(const Json& a, const Json& b) {
  if (a == b) return true;
  if (!a.is_object() || !b.is_object()) return false;
  // One client adds an argument of its own to every tool.
  const auto all_in = [](const Json& inner, const Json& outer) {
    return std::ranges::all_of(inner.members(), [&](const Json::Member& member) {
      const Json* other = outer.Find(member.first);
      return member.first == "wait_for_previous" || (other != nullptr && *other == member.second);
    });
  };
  return all_in(a, b) && all_in(b, a);
}

/// By id where both sides have the same, otherwise the first one with that name and arguments.
template <class Calls, class Get>
auto FindCall(Calls& calls, const ToolCall& wanted, Get call_of) {
  const auto by_id = std::ranges::find_if(calls, [&](const auto& one) {
    const ToolCall* call = call_of(one);
    return call != nullptr && !wanted.id.empty() && call->id == wanted.id;
  });
  if (by_id != calls.end()) return by_id;
  return std::ranges::find_if(calls, [&](const auto& one) {
    const ToolCall* call = call_of(one);
    return call != nullptr && call->name == wanted.name && SameArguments(call->arguments, wanted.arguments);
  });
}

}  // namespace

void ModelWatch::Asked(const ModelAsk& ask) {
  ask.aside() ? ++side_requests_ : ++dialogue_requests_;
  if (!ask.aside()) last_word_.reset();
  for (const std::string& tool : offered_.empty() ? tools_ : std::vector<std::string>())
    if (const OfferedTool* shown = FindOffered(ask.tools, tool)) offered_.push_back({shown->name, "", {}});
  NoteText(ask.system);
  for (const Message& message : ask.messages)
    if (message.speaker != Speaker::kAgent) NoteText(message.text);
  for (const OfferedTool& tool : ask.tools) NoteText(tool.description);
}

void ModelWatch::NoteText(std::string_view text) {
  if (text.empty() || sent_.size() + text.size() > kMostSent || !sent_before_.insert(Hash64(text)).second) return;
  sent_.append(text).append("\n\x1e\n");
}

Usage ModelWatch::Answered(const ModelAsk& ask, const ModelReply& reply, bool paid, const std::optional<Price>& price) {
  Usage used = reply.usage;
  used.calls = 1;
  used.cost_known = !paid || (price && used.tokens_known);
  if (!paid) used.cost_nano_usd = 0;
  if (paid && used.cost_known) used.cost_nano_usd = price->CostNanoUsd(used);
  usage_ += used;
  if (ask.aside()) {
    side_usage_ += used;
  } else {
    replies_.push_back(reply.text);
    NoteCalls(reply);
    last_word_ = WordOf(reply);
  }
  return used;
}

void ModelWatch::Refused(const ModelAsk& ask, int status) {
  ++refused_;
  NoteFailure(ask, fmt::format("was an error (status {})", status));
}

void ModelWatch::Cut(const ModelAsk& ask) {
  ++cut_;
  NoteFailure(ask, "broke off");
}

void ModelWatch::Unreadable(const ModelAsk& ask) {
  ++unreadable_;
  NoteFailure(ask, "could not be read");
}

void ModelWatch::Misunderstood() {
  ++refused_;
  last_word_ = LastWord{.failure = "was an error (status 400)", .why = {}};
}

void ModelWatch::NoteFailure(const ModelAsk& ask, std::string failure) {
  if (!ask.aside()) last_word_ = LastWord{.failure = std::move(failure), .why = {}};
}

// Whoever read the reply did not know which tools were offered.
LastWord ModelWatch::WordOf(const ModelReply& reply) const {
  LastWord word{.failure = {}, .no_answer = reply.no_answer, .why = {}};
  if (word.no_answer == NoAnswer::kNone && reply.calls.empty() && LooksLikeCall(reply.text, offered_))
    word.no_answer = NoAnswer::kCallInText;
  if (word.no_answer != NoAnswer::kNone) word.why = DescribeNoAnswer(word.no_answer, reply);
  return word;
}

void ModelWatch::NoteCalls(const ModelReply& reply) {
  for (const ToolCall& call : reply.calls) {
    const auto again = [&](const ModelCall& known) { return !call.id.empty() && known.call.id == call.id; };
    if (std::ranges::any_of(calls_, again)) continue;  // a reply that was asked for twice
    const std::string ours = OursOf(call.name);
    if (ours.empty()) {
      if (foreign_calls_.size() < 64) foreign_calls_.insert(call.name);
      continue;
    }
    ModelCall& made = calls_.emplace_back(ModelCall{.call = call, .reply = replies_.size() - 1});
    made.call.name = ours;
    if (const auto done = FindCall(ahead_, made.call, [](const ToolCall& one) { return &one; }); done != ahead_.end()) {
      made.executed = true;
      ahead_.erase(done);
    }
  }
}

std::string ModelWatch::OursOf(std::string_view shown) const {
  const std::vector<OfferedTool> one = {{.name = std::string(shown)}};
  std::string ours;
  for (const std::string& tool : tools_)
    if (FindOffered(one, tool) != nullptr && tool.size() > ours.size()) ours = tool;
  return ours;
}

std::string ModelWatch::WordsFor(const ToolCall& executed) {
  const auto found =
      FindCall(calls_, executed, [](const ModelCall& one) { return one.executed ? nullptr : &one.call; });
  if (found == calls_.end()) {
    ahead_.push_back(executed);
    return {};
  }
  found->executed = true;
  return std::exchange(replies_[found->reply], {});
}

std::vector<ToolCall> ModelWatch::OpenCalls() const {
  std::vector<ToolCall> calls;
  for (const ModelCall& call : calls_)
    if (!call.executed) calls.push_back(call.call);
  return calls;
}

Delivery ModelWatch::Sent(std::string_view payload) const {
  if (Carries(sent_, payload) || CarriesFolded(sent_, payload)) return Delivery::kIntact;
  return CarriesPart(sent_, payload) ? Delivery::kAltered : Delivery::kNone;
}

std::vector<std::string> ModelWatch::Notes() const {
  std::vector<std::string> notes;
  notes.push_back(fmt::format("relay: {} requests of the dialogue, {} beside it ({} tokens), {} others",
                              dialogue_requests_, side_requests_,
                              side_usage_.prompt_tokens + side_usage_.completion_tokens, others_));
  if (refused_ + cut_ + unreadable_ > 0)
    notes.push_back(fmt::format("relay: of the model's answers {} were errors, {} broke off, {} could not be read",
                                refused_, cut_, unreadable_));
  for (const ModelCall& call : calls_)
    if (!call.executed)
      notes.push_back(fmt::format("relay: the model called {} {} and nobody executed it", call.call.name,
                                  call.call.arguments.Dump()));
  for (const std::string& name : foreign_calls_)
    notes.push_back(fmt::format("relay: unmediated: the model called {}, a tool of the agent's own", name));
  return notes;
}

}  // namespace xsweep
