// SeatedModel: an agent of ours as a model.
// SPDX-License-Identifier: Apache-2.0
#include "relay/seated_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "episode/notice.h"
#include "relay/wires/write_reply.h"

namespace xsweep {
namespace {

constexpr int kMostUnknown = 200;           ///< calls in a row of tools that are not offered
constexpr std::size_t kMostGiven = 1000;    ///< replies that are kept for retries
constexpr std::int64_t kBytesPerToken = 4;  ///< a usage that is plain arithmetic

std::uint64_t DigestOf(const Message& message, std::uint64_t before) {
  std::string text = fmt::format("{}\n{}\n{}\n", static_cast<int>(message.speaker), message.call_id, message.text);
  for (const ToolCall& call : message.calls)
    text += fmt::format("{} {} {}\n", call.id, call.name, call.arguments.Dump());
  return Hash64(text, before);
}

/// One for each message: over it and all before it.
std::vector<std::uint64_t> DigestsOf(const ModelAsk& ask) {
  std::uint64_t digest = 0;
  std::vector<std::uint64_t> digests;
  digests.reserve(ask.messages.size());
  for (const Message& message : ask.messages) digests.push_back(digest = DigestOf(message, digest));
  return digests;
}

std::string Offers(const ModelAsk& ask) {
  std::string names;
  for (const OfferedTool& tool : ask.tools) names += tool.name + "\n" + tool.description + "\n";
  return names;
}

/// Takes "<policy>...</policy>" out of `text`.
std::optional<std::string> TakePolicy(std::string& text) {
  constexpr std::string_view kOpen = "<policy>\n";
  constexpr std::string_view kClose = "\n</policy>";
  const std::size_t open = text.find(kOpen);
  const std::size_t close = open == std::string::npos ? open : text.find(kClose, open);
  if (close == std::string::npos) return std::nullopt;
  std::string policy = text.substr(open + kOpen.size(), close - open - kOpen.size());
  std::size_t end = close + kClose.size();
  while (end < text.size() && text[end] == '\n') ++end;
  text.erase(open, end - open);
  return policy;
}

void SettlePolicy(ModelAsk& ask) {
  std::optional<std::string> policy = TakePolicy(ask.system);
  for (Message& message : ask.messages)
    if (!policy && message.speaker == Speaker::kUser) policy = TakePolicy(message.text);
  if (policy) ask.system = std::move(*policy);
}

Usage CountedUsage(const ModelAsk& ask, const ModelReply& reply) {
  std::size_t read = ask.system.size();
  for (const Message& message : ask.messages) {
    read += message.text.size();
    for (const ToolCall& call : message.calls) read += call.name.size() + call.arguments.Dump().size();
  }
  for (const OfferedTool& tool : ask.tools) read += tool.name.size() + tool.description.size();
  std::size_t written = reply.text.size();
  for (const ToolCall& call : reply.calls) written += call.name.size() + call.arguments.Dump().size();
  Usage usage;
  usage.calls = 1;
  usage.prompt_tokens = static_cast<std::int64_t>(read) / kBytesPerToken + 1;
  usage.completion_tokens = static_cast<std::int64_t>(written) / kBytesPerToken + 1;
  return usage;
}

std::size_t AgentTurns(const ModelAsk& ask) {
  return static_cast<std::size_t>(std::ranges::count(ask.messages, Speaker::kAgent, &Message::speaker));
}

}  // namespace

const OfferedTool* FindOffered(const std::vector<OfferedTool>& offered, std::string_view name) {
  const OfferedTool* best = nullptr;
  for (const OfferedTool& tool : offered) {
    if (tool.name == name) return &tool;
    if (tool.name.size() <= name.size() || !tool.name.ends_with(name)) continue;
    const char before = tool.name[tool.name.size() - name.size() - 1];
    if (std::isalnum(static_cast<unsigned char>(before)) != 0) continue;
    if (best == nullptr || tool.name.size() < best->name.size()) best = &tool;
  }
  return best;
}

/// The agent on its way through a history.
class SeatedModel::Playing {
 public:
  Playing(Played played, const SeatedModel& seat) : played_(std::move(played)), seat_(seat) {}

  std::size_t read() const { return read_; }
  std::uint64_t digest() const { return digest_; }
  /// What it said last has not come back yet.
  bool waits() const { return said_.has_value(); }

  /// Its tools and system prompt, as this request shows them.
  void Show(const ModelAsk& ask) {
    offered_ = ask.tools;
    shown_.clear();
    for (const ToolSchema& tool : seat_.tools_) {
      const OfferedTool* offered = FindOffered(offered_, tool.name);
      if (offered != nullptr) shown_.push_back({tool.name, offered->description, offered->parameters});
    }
    conversation_.system = ask.system;
    conversation_.tools = &shown_;
  }

  Async<Status> Read(Message message, std::uint64_t digest, Wire wire) {
    ++read_;
    digest_ = digest;
    if (message.speaker == Speaker::kAgent) co_return co_await ReadOwn(std::move(message), wire);
    if (message.speaker == Speaker::kTool) {
      message.notice = IsResultNotice(message.text);
      CO_TRY(co_await Shadow(message));
    }
    if (message.speaker == Speaker::kUser) ++conversation_.turn;
    conversation_.messages.push_back(std::move(message));
    co_return Status();
  }

  /// Its next turn, with no call that nobody offered.
  Async<Expected<AgentTurn>> Act() {
    for (int unknown = 0; unknown < kMostUnknown; ++unknown) {
      auto acting = played_.agent->Act(conversation_);
      CO_TRY_ASSIGN(AgentTurn turn, co_await acting);
      const auto offered = [&](const ToolCall& call) { return FindOffered(offered_, call.name) != nullptr; };
      if (std::ranges::all_of(turn.calls, offered)) {
        said_ = turn;
        co_return turn;
      }
      TellUnknown(turn);
    }
    co_return EpisodeError("the agent asks for nothing but tools that it is not offered", "model");
  }

 private:
  // A turn of the history is one that the agent takes again.
  Async<Status> ReadOwn(Message message, Wire wire) {
    if (!said_) {
      auto acting = Act();
      CO_TRY(co_await acting);
    }
    const AgentTurn mine = std::move(*std::exchange(said_, std::nullopt));
    const std::string seed = fmt::format("{}\n{}", seat_.seed_, own_turns_++);
    for (std::size_t i = 0; i < mine.calls.size(); ++i) {
      open_.insert_or_assign(WireCallId(wire, seed, i), mine.calls[i]);
      if (i < message.calls.size()) open_.insert_or_assign(message.calls[i].id, mine.calls[i]);
    }
    conversation_.messages.push_back(std::move(message));
    co_return Status();
  }

  Async<Status> Shadow(const Message& result) {
    const auto call = open_.find(result.call_id);
    if (call == open_.end() || played_.shadow == nullptr) co_return Status();
    const ToolCall made = std::move(call->second);
    open_.erase(call);
    if (result.notice || !made.arguments.is_object()) co_return Status();
    auto calling = played_.shadow->Call(made);
    CO_TRY(co_await calling);
    co_return Status();
  }

  void TellUnknown(const AgentTurn& turn) {
    Message& own = conversation_.messages.emplace_back();
    own.speaker = Speaker::kAgent;
    own.text = turn.text;
    own.calls = turn.calls;
    for (const ToolCall& call : turn.calls) {
      Message& answer = conversation_.messages.emplace_back();
      answer.speaker = Speaker::kTool;
      answer.text = "Error: there is no tool " + call.name;
      answer.call_id = call.id;
      answer.error = answer.notice = true;
    }
  }

  Played played_;
  const SeatedModel& seat_;
  std::vector<OfferedTool> offered_;
  std::vector<ToolSchema> shown_;
  Conversation conversation_;
  std::map<std::string, ToolCall> open_;  // made, and no result has come back
  std::optional<AgentTurn> said_;
  std::size_t read_ = 0;
  std::size_t own_turns_ = 0;
  std::uint64_t digest_ = 0;
};

SeatedModel::SeatedModel(std::string seed, std::vector<ToolSchema> tools, PlayMaker make, bool stays)
    : seed_(std::move(seed)), tools_(std::move(tools)), make_(std::move(make)), stays_(stays) {}

SeatedModel::~SeatedModel() = default;

std::string SeatedModel::SeedOf(const ModelAsk& ask) const { return fmt::format("{}\n{}", seed_, AgentTurns(ask)); }

Async<Expected<ModelReply>> SeatedModel::Answer(ModelAsk ask) {
  if (ask.kept_elsewhere)
    co_return UserError("this model keeps no history: send the whole dialogue in `input`, not previous_response_id");
  if (ask.aside()) {
    ModelReply title;
    title.text = "A conversation";
    title.usage = CountedUsage(ask, title);
    co_return title;
  }
  SettlePolicy(ask);
  const std::vector<std::uint64_t> digests = DigestsOf(ask);
  const std::uint64_t whole = Hash64(ask.system + Offers(ask), digests.empty() ? 0 : digests.back());
  if (const auto given = given_.find(whole); given != given_.end()) co_return given->second;
  auto playing = Play(ask, digests);
  CO_TRY_ASSIGN(ModelReply reply, co_await playing);
  reply.usage = CountedUsage(ask, reply);
  if (stays_ && given_.size() < kMostGiven) given_.emplace(whole, reply);
  co_return reply;
}

Async<Expected<ModelReply>> SeatedModel::Play(const ModelAsk& ask, const std::vector<std::uint64_t>& digests) {
  const auto goes_on = [&](const Playing& live) {
    const std::size_t at = live.read();
    if (at == 0 || at > digests.size() || digests[at - 1] != live.digest()) return false;
    return live.waits() == (at < ask.messages.size() && ask.messages[at].speaker == Speaker::kAgent);
  };
  std::unique_ptr<Playing> playing = std::move(live_);
  if (playing == nullptr || !goes_on(*playing)) {
    CO_TRY_ASSIGN(Played played, make_());
    playing = std::make_unique<Playing>(std::move(played), *this);
  }
  playing->Show(ask);
  while (playing->read() < ask.messages.size()) {
    const std::size_t at = playing->read();
    auto reading = playing->Read(ask.messages[at], digests[at], ask.wire);
    CO_TRY(co_await reading);
  }
  auto acting = playing->Act();
  CO_TRY_ASSIGN(AgentTurn turn, co_await acting);
  if (stays_) live_ = std::move(playing);
  ModelReply reply;
  reply.text = std::move(turn.text);
  reply.calls = std::move(turn.calls);
  reply.finish = reply.calls.empty() ? FinishReason::kStop : FinishReason::kToolCalls;
  const std::string seed = SeedOf(ask);
  for (std::size_t i = 0; i < reply.calls.size(); ++i) {
    ToolCall& call = reply.calls[i];
    call.name = FindOffered(ask.tools, call.name)->name;
    call.id = WireCallId(ask.wire, seed, i);
  }
  co_return reply;
}

}  // namespace xsweep
