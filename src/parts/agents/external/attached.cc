// Attached agents: a person starts them, we show what they do.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/attached.h"

#include <fmt/format.h>

#include "base/text.h"
#include "parts/agents/external/station.h"

namespace xsweep {
namespace {

class AttachedAgent final : public StationedAgent {
 public:
  AttachedAgent(std::shared_ptr<AttachedTalk> talk, const TrialContext& context)
      : talk_(std::move(talk)), around_(context.around), environment_(context.environment) {}

  Async<Expected<AgentTurn>> Act(const Conversation& conversation) override {
    if (station_ == nullptr) {
      CO_TRY_ASSIGN(station_, Station::Open(around_, environment_, conversation, PolicyIn::kPrompt, results_kept()));
      talk_->broker = station_->shared_broker();
      talk_->begin(station_->url(), station_->PromptOf(conversation));
      shown_ = conversation.messages.size();
    }
    for (; shown_ < conversation.messages.size(); ++shown_) {
      const Message& message = conversation.messages[shown_];
      if (message.speaker == Speaker::kTool)
        talk_->show(fmt::format("  {} {}", message.error || message.notice ? "!" : "=", Printable(message.text, 200)));
    }
    auto asking = station_->broker().Next(conversation);
    auto turn = co_await asking;
    if (turn)
      for (const ToolCall& call : turn->calls)
        talk_->show(fmt::format("> {} {}", call.name, Printable(call.arguments.Dump(), 200)));
    co_return turn;
  }

 private:
  std::shared_ptr<AttachedTalk> talk_;
  const Surroundings around_;
  const Environment& environment_;
  std::unique_ptr<Station> station_;
  std::size_t shown_ = 0;
};

}  // namespace

void AttachedTalk::End(std::string words) {
  if (const auto held = broker.lock()) held->End({.words = words.empty() ? "done" : std::move(words), .stop = true});
}

PartFactory<Agent> AttachedAgents(std::shared_ptr<AttachedTalk> talk) {
  return
      [talk = std::move(talk)](const TrialContext& context) { return std::make_unique<AttachedAgent>(talk, context); };
}

}  // namespace xsweep
