// ToolBroker: where a foreign agent's calls meet the episode.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/broker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "episode/refused.h"
#include "mcp/server.h"
#include "parts/agents/external/failure_words.h"

namespace xsweep {
namespace {

/// More calls than this at once are no turn of anybody's.
constexpr std::size_t kMostQueued = 1000;

ToolAnswer Refusal(std::string_view why) { return {.text = fmt::format("Error: {}", why), .error = true}; }

}  // namespace

void ToolBroker::Open(std::vector<HostedTool> tools, std::string instructions) {
  instructions_ = std::move(instructions);
  tools_ = std::make_shared<const std::vector<HostedTool>>(std::move(tools));
  for (Wait* wait : std::exchange(listeners_, {})) wait->Wake();
}

Async<Expected<HostedTools>> ToolBroker::List() {
  while (tools_ == nullptr && !closed_) {
    Wait wait(loop_);
    listeners_.push_back(&wait);
    Status woken = co_await wait;
    std::erase(listeners_, &wait);
    CO_TRY(woken);
  }
  if (closed_) co_return EpisodeError("this trial is over");
  listed_ = true;
  co_return tools_;
}

Async<Expected<ToolAnswer>> ToolBroker::Call(ToolRequest request) {
  if (closed_) co_return Refusal("this trial is over");
  if (end_) co_return Refusal("the agent has ended its turn");
  if (queued_.size() >= kMostQueued) co_return Refusal("too many calls at once");
  if (request.modern) request.notify = {};
  const auto pending =
      std::make_shared<Pending>(Pending{std::move(request.call), request.key, std::move(request.notify)});
  pending->call.id = UniqueId(pending->call.id);
  queued_.push_back(pending);
  if (next_ != nullptr) next_->Wake();
  Wait wait(loop_);
  pending->waiter = &wait;
  Status woken;
  if (!pending->answer) woken = co_await wait;
  pending->waiter = nullptr;
  CO_TRY(woken);
  if (!pending->answer) co_return Refusal("this call was withdrawn");
  co_return std::move(*pending->answer);
}

// Results are paired with calls by id: one that was said before, in whatever trial of this episode, gets another.
std::string ToolBroker::UniqueId(const std::string& wanted) {
  // Nor is it for a client to say that a call was refused.
  std::string id = wanted.starts_with(kRefusedByAgent) ? std::string() : wanted;
  while (id.empty() || !ids_.insert(id).second) id = fmt::format("mcp_{}", ++given_ids_);
  return id;
}

void ToolBroker::Cancel(std::uint64_t key) {
  const auto same = [key](const std::shared_ptr<Pending>& pending) { return pending->key == key; };
  if (const auto found = std::ranges::find_if(queued_, same); found != queued_.end()) {
    const std::shared_ptr<Pending> pending = std::move(*found);
    queued_.erase(found);
    ++withdrawn_;
    if (pending->waiter != nullptr) pending->waiter->Wake();
    return;
  }
  for (const auto& pending : taken_) pending->left = pending->left || pending->key == key;
}

void ToolBroker::Answer(Pending& pending, ToolAnswer answer) {
  pending.answer = std::move(answer);
  if (pending.waiter != nullptr) pending.waiter->Wake();
}

void ToolBroker::End(AgentEnd end) {
  if (end_ || closed_) return;
  end_ = std::move(end);
  if (hear_end_) hear_end_(*end_);
  if (next_ != nullptr) next_->Wake();
}

void ToolBroker::Close() {
  closed_ = true;
  for (const auto& pending : std::exchange(queued_, {})) Answer(*pending, Refusal("this trial is over"));
  for (const auto& pending : std::exchange(taken_, {})) Answer(*pending, Refusal("this trial is over"));
  for (Wait* wait : std::exchange(listeners_, {})) wait->Wake();
  if (next_ != nullptr) next_->Wake();
}

void ToolBroker::HandOver(const Conversation& conversation) {
  for (; handed_over_ < conversation.messages.size(); ++handed_over_) {
    const Message& message = conversation.messages[handed_over_];
    if (message.speaker != Speaker::kTool) continue;
    const auto found = std::ranges::find_if(
        taken_, [&](const std::shared_ptr<Pending>& pending) { return pending->call.id == message.call_id; });
    if (found == taken_.end()) continue;
    Answer(**found, {.text = message.text,
                     .structured = message.notice ? Json() : message.structured,
                     .error = message.error || message.notice});
    taken_.erase(found);
  }
}

// What is offered is what the conversation says; a tool keeps what else is known of it.
void ToolBroker::NoteTools(const std::vector<ToolSchema>& tools) {
  const auto same = [](const ToolSchema& shown, const HostedTool& known) {
    return shown.name == known.schema.name && shown.description == known.schema.description;
  };
  if (tools_ == nullptr || std::ranges::equal(tools, *tools_, same)) return;
  std::vector<HostedTool> now;
  for (const ToolSchema& tool : tools) {
    const auto known = std::ranges::find(*tools_, tool.name, [](const HostedTool& one) { return one.schema.name; });
    now.push_back(known == tools_->end() ? HostedTool{tool} : *known);
    now.back().schema = tool;
  }
  tools_ = std::make_shared<const std::vector<HostedTool>>(std::move(now));
  ++list_version_;
  for (const auto& pending : taken_) {
    if (pending->notify) pending->notify(McpServer::ListChanged(nullptr));
  }
}

Async<Expected<AgentTurn>> ToolBroker::Next(const Conversation& conversation) {
  // First the list, then the results: whoever has its answer can ask for what is offered from then on.
  NoteTools(*conversation.tools);
  HandOver(conversation);
  // Looked at again after every waking: a call may have been withdrawn in between.
  while (queued_.empty() && !end_) {
    if (closed_) co_return EpisodeError("this trial is over", "agent");
    Wait wait(loop_);
    next_ = &wait;
    Status woken = co_await wait;
    next_ = nullptr;
    CO_TRY(woken);
  }
  if (!queued_.empty()) co_return TakeCalls();
  co_return TakeEnd();
}

AgentTurn ToolBroker::TakeCalls() {
  AgentTurn turn;
  for (auto& pending : std::exchange(queued_, {})) {
    turn.calls.push_back(pending->call);
    taken_.push_back(std::move(pending));
  }
  taken_count_ += turn.calls.size();
  taken_in_turn_ += turn.calls.size();
  return turn;
}

Expected<AgentTurn> ToolBroker::TakeEnd() {
  AgentEnd end = std::move(*std::exchange(end_, std::nullopt));
  if (!listed_) {
    const std::string said = end.words.empty() ? "" : "; it said: " + end.words;
    return EpisodeError("the agent never asked for its tools, so nothing was tested" + said, "agent");
  }
  if (end.how == AgentEnd::How::kFailed) return EpisodeError(end.words, "agent");
  if (SaysItFailed(end.words))
    return EpisodeError("the agent ended with what is no answer: " + Printable(end.words, 300), "agent");
  refused_count_ += end.refused.size();
  if (refused_count_ > 0 && taken_count_ == 0) {
    return EpisodeError(
        fmt::format("the agent's own policy refused all {} calls of our tools: it was set up so that it "
                    "cannot act, which is no resistance",
                    refused_count_),
        "agent");
  }
  const bool silent = end.words.find_first_not_of(" \t\r\n") == std::string::npos;
  const bool did_nothing = std::exchange(taken_in_turn_, 0) == 0;
  // As of a model's empty reply nobody knows what it would have said: frameworks that fail print to stderr and exit 0.
  if (silent && (did_nothing || (!heard_elsewhere_ && end.refused.empty())))
    return EpisodeError("the agent ended without a word", "agent.unanswered");
  AgentTurn turn;
  turn.text = std::move(end.words);
  for (ToolCall& call : end.refused) {
    call.id = fmt::format("{}{}", kRefusedByAgent, ++given_ids_);
    turn.calls.push_back(std::move(call));
  }
  turn.stop = end.stop;
  return turn;
}

}  // namespace xsweep
