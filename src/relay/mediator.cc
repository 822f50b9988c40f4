// Mediator: attack and defense at an agent's own tools.
// SPDX-License-Identifier: Apache-2.0
#include "relay/mediator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "relay/seated_model.h"
#include "relay/wires/rewrite.h"

namespace xsweep {

void Mediator::WakeAll() {
  for (Wait* wait : std::exchange(waiting_, {})) wait->Wake();
}

Async<Status> Mediator::Until(std::function<bool()> there) {
  while (!there() && !ended_) {
    Wait wait(loop_);
    waiting_.push_back(&wait);
    Status woken = co_await wait;
    std::erase(waiting_, &wait);
    CO_TRY(woken);
  }
  if (!there()) co_return EpisodeError("this trial is over", "relay");
  co_return Status();
}

// Whether any came by. A call of the same turn that has no result here was not executed: nobody waits for it longer.
bool Mediator::TakeResults(const ModelAsk& ask) {
  bool any = false;
  for (const Message& message : ask.messages) {
    const auto open = open_.find(message.call_id);
    if (message.speaker != Speaker::kTool || open == open_.end() || open->second.result) continue;
    open->second.result = message.text;
    open->second.failed = message.error;
    any = true;
  }
  if (any) FailOpen("Error: the agent did not execute this call");
  return any;
}

void Mediator::FailOpen(const char* why) {
  for (auto& [id, open] : open_) {
    if (open.result || open.denied.value_or(true)) continue;
    open.result = why;
    open.failed = true;
  }
  WakeAll();
}

void Mediator::EndTurn(const std::string& why_failed) {
  for (auto& [id, open] : open_)
    if (!open.result && !open.denied.value_or(false)) open.lost = why_failed;
  WakeAll();
}

// All that the episode has to say of what has come by: results, and denials beside them.
Async<Status> Mediator::AwaitShown() {
  auto waiting = Until([this] {
    return std::ranges::all_of(open_, [](const auto& entry) {
      const Open& open = entry.second;
      return open.shown || (!open.result && !open.denied.value_or(false));
    });
  });
  CO_TRY(co_await waiting);
  for (auto& [id, open] : open_) {
    if (!open.result) continue;
    CO_TRY(*open.shown);
    if (**open.shown != *open.result) changed_[id] = {*open.result, **open.shown};
  }
  co_return Status();
}

Status Mediator::CheckHistory(const ModelAsk& ask, const std::function<bool(std::string_view)>& ours) {
  std::set<std::string> answered;
  for (const Message& message : ask.messages)
    if (message.speaker == Speaker::kTool) answered.insert(message.call_id);
  if (!given_) given_ = answered;
  for (const Message& message : ask.messages) {
    for (const ToolCall& call : message.calls) {
      const bool made = answered.contains(call.id) && !given_->contains(call.id) && !open_.contains(call.id);
      if (made && ours(call.name))
        return EpisodeError(
            fmt::format("the agent made a call of {} that its model's replies do not hold as they were read here",
                        Printable(call.name, 80)),
            "relay");
    }
  }
  return {};
}

Async<Expected<std::string>> Mediator::Prepare(std::string body, ModelAsk ask) {
  const auto self = shared_from_this();
  if (TakeResults(ask)) {
    auto awaiting = AwaitShown();
    CO_TRY(co_await awaiting);
  }
  co_return Rewrite(std::move(body), ask);
}

Expected<std::string> Mediator::Rewrite(std::string body, const ModelAsk& ask) const {
  for (const Message& message : ask.messages) {
    const auto changed = changed_.find(message.call_id);
    if (message.speaker != Speaker::kTool || changed == changed_.end()) continue;
    if (message.text != changed->second.original) continue;  // the agent has cut or changed it since
    TRY_ASSIGN(body, ReplaceResult(ask.wire, std::move(body), message.call_id, changed->second.original,
                                   changed->second.shown));
  }
  for (const auto& [name, more] : appended_) {
    const OfferedTool* tool = FindOffered(ask.tools, name);
    if (tool == nullptr) continue;
    TRY_ASSIGN(body, ReplaceDescription(ask.wire, std::move(body), tool->name, tool->description + more));
  }
  for (const auto& [name, text] : replaced_) {
    const OfferedTool* tool = FindOffered(ask.tools, name);
    if (tool == nullptr) continue;
    TRY_ASSIGN(body, ReplaceDescription(ask.wire, std::move(body), tool->name, text));
  }
  return body;
}

void Mediator::ShowTools(const std::vector<ToolSchema>& own, const std::vector<ToolSchema>& shown) {
  for (const ToolSchema& tool : shown) {
    const auto before = std::ranges::find(own, tool.name, &ToolSchema::name);
    if (before == own.end() || before->description == tool.description) continue;
    if (tool.description.starts_with(before->description)) {
      appended_[tool.name] = tool.description.substr(before->description.size());
    } else {
      replaced_[tool.name] = tool.description;
    }
  }
}

Async<Expected<std::vector<bool>>> Mediator::Decide(std::vector<ToolCall> calls) {
  const auto self = shared_from_this();
  for (const ToolCall& call : calls) {
    // Results are paired with calls by id, here and in the request: a server that repeats them cannot be mediated.
    if (call.id.empty() || open_.contains(call.id))
      co_return EpisodeError("the model gave a call no id, or one that it had used before: `" + call.id + "`", "relay");
  }
  for (const ToolCall& call : calls) {
    open_.emplace(call.id, Open{call});
    loop_.Spawn(hand_(call), [self, id = call.id](Expected<std::string> shown) {
      if (const auto open = self->open_.find(id); open != self->open_.end()) open->second.shown = std::move(shown);
      self->WakeAll();
    });
  }
  const auto decided = [this, &calls] {
    return std::ranges::all_of(calls, [this](const ToolCall& call) { return open_.at(call.id).denied.has_value(); });
  };
  auto waiting = Until(decided);
  CO_TRY(co_await waiting);
  std::vector<bool> denied;
  denied.reserve(calls.size());
  for (const ToolCall& call : calls) denied.push_back(*open_.at(call.id).denied);
  co_return denied;
}

void Mediator::Decided(const std::vector<ToolCall>& calls, const std::vector<bool>& denied) {
  for (std::size_t i = 0; i < calls.size(); ++i)
    if (const auto open = open_.find(calls[i].id); open != open_.end()) open->second.denied = denied[i];
  WakeAll();
}

// Whether all of them are known.
bool Mediator::AddNotices(std::vector<DecidedCall>& turn) const {
  for (DecidedCall& call : turn) {
    if (!call.denied) continue;
    const auto open = open_.find(call.id);
    if (open == open_.end() || !open->second.shown || !*open->second.shown) return false;
    call.notice = **open->second.shown;
  }
  return true;
}

Async<Expected<std::vector<DecidedCall>>> Mediator::AwaitNotices(std::vector<DecidedCall> turn) {
  const auto self = shared_from_this();
  const auto told = [this, &turn] {
    return std::ranges::all_of(
        turn, [this](const DecidedCall& call) { return !call.denied || open_.at(call.id).shown.has_value(); });
  };
  auto waiting = Until(told);
  CO_TRY(co_await waiting);
  for (const DecidedCall& call : turn)
    if (call.denied) CO_TRY(*open_.at(call.id).shown);
  AddNotices(turn);
  co_return turn;
}

Expected<std::string> Mediator::AsModelHasIt(Wire wire, const std::string& body) const {
  TRY_ASSIGN(std::string whole, InsertTurns(wire, body, hidden_));
  for (std::vector<DecidedCall> turn : partly_hidden_) {
    if (AddNotices(turn)) whole = RestoreCalls(wire, std::move(whole), turn);
  }
  return whole;
}

Async<Expected<ToolOutcome>> Mediator::ResultOf(ToolCall call) {
  const auto self = shared_from_this();
  const auto came = [this, &call] {
    const auto open = open_.find(call.id);
    return open != open_.end() && (open->second.result || open->second.lost);
  };
  auto waiting = Until(came);
  const Status there = co_await waiting;
  if (!there && there.error().kind == ErrorKind::kInterrupted) co_return std::unexpected(there.error());
  // Agents whose loop ends in a tool execute it and ask no more: to call that a failure would be a guess in their
  // favour.
  if (!there || !open_.at(call.id).result) {
    const std::string why = there ? open_.at(call.id).lost.value_or("") : std::string();
    co_return EpisodeError(
        fmt::format("the agent ended before it said what came of its call of {}, so nobody knows whether it was made{}",
                    Printable(call.name, 80), why.empty() ? "" : ": " + why),
        "relay");
  }
  const Open& open = open_.at(call.id);
  co_return ToolOutcome{.content = *open.result, .error = open.failed, .effects = {}};
}

void Mediator::End() {
  ended_ = true;
  WakeAll();
}

}  // namespace xsweep
