// KeptAgent: turns as exchanges.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/kept.h"

#include <utility>

#include "episode/kept_results.h"

namespace xsweep {
namespace {

class KeptAgent final : public Agent, public PromisedForms {
 public:
  KeptAgent(std::unique_ptr<Agent> inner, const TrialContext& context)
      : inner_(std::move(inner)),
        identity_(context.identity),
        keeper_(dynamic_cast<TurnKeeper*>(context.models[Role::kAgent])) {
    identity_.role = Role::kAgent;
  }

  Async<Expected<AgentTurn>> Act(const Conversation& conversation) override {
    if (keeper_ == nullptr) {
      auto acting = inner_->Act(conversation);
      co_return co_await acting;
    }
    ModelRequest request{identity_, conversation.system, conversation.messages, *conversation.tools};
    request.identity.turn = turn_++;
    if (auto recalled = keeper_->Recall(request)) {
      CO_TRY_ASSIGN(ModelReply reply, std::move(*recalled));
      co_return ToTurn(std::move(reply));
    }
    auto acting = inner_->Act(conversation);
    auto turn = co_await acting;
    // What an interruption left is no turn: the trial runs again from its start.
    const bool whole = turn || turn.error().kind == ErrorKind::kEpisode;
    if (whole) {
      CO_TRY(keeper_->Keep(request, turn ? Expected<ModelReply>(ToReply(*turn)) : std::unexpected(turn.error())));
    }
    co_return turn;
  }
  void ResultsAreKept() override { TellResultsAreKept(*inner_); }

 private:
  std::unique_ptr<Agent> inner_;
  CallIdentity identity_;
  TurnKeeper* keeper_;
  std::uint32_t turn_ = 0;
};

}  // namespace

ModelReply ToReply(const AgentTurn& turn) {
  ModelReply reply;
  reply.text = turn.text;
  reply.calls = turn.calls;
  reply.reasoning = turn.reasoning;
  reply.usage = turn.usage;
  reply.finish_reason = Json::MakeObject({{"stop", turn.stop}}).Dump();
  return reply;
}

Expected<AgentTurn> ToTurn(ModelReply reply) {
  TRY_ASSIGN(const Json more, Json::Parse(reply.finish_reason, "a kept turn"));
  AgentTurn turn;
  turn.text = std::move(reply.text);
  turn.calls = std::move(reply.calls);
  turn.reasoning = std::move(reply.reasoning);
  turn.usage = reply.usage;
  turn.stop = more.BoolOr("stop", false);
  return turn;
}

std::unique_ptr<Agent> KeepTurns(std::unique_ptr<Agent> inner, const TrialContext& context) {
  return std::make_unique<KeptAgent>(std::move(inner), context);
}

}  // namespace xsweep
