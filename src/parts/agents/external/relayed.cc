// Relayed agents: foreign agents that ask their model through us.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/relayed.h"

#include <fmt/format.h>

#include <utility>

#include "episode/refused.h"
#include "episode/witness.h"
#include "net/token.h"
#include "parts/agents/agents.h"
#include "parts/agents/external/broker.h"
#include "parts/agents/external/kept.h"
#include "parts/agents/external/station.h"

namespace xsweep {
namespace {

class RelayedAgent final : public StationedAgent, public ModelWitness, public HearsDecisions {
 public:
  RelayedAgent(std::shared_ptr<const RelayRecipe> recipe, const TrialContext& context, MakeRelayed make)
      : recipe_(std::move(recipe)), context_(context), make_(std::move(make)) {}
  ~RelayedAgent() override { inner_.reset(); }  // before the line that it uses

  Async<Expected<AgentTurn>> Act(const Conversation& conversation) override {
    if (inner_ == nullptr) {
      CO_TRY_ASSIGN(line_, RelayLine::Open(*recipe_, context_));
      inner_ = make_(line_.get());
      if (results_kept()) TellResultsAreKept(*inner_);
      if (line_->mediator() != nullptr) line_->mediator()->ShowTools(context_.environment.tools(), *conversation.tools);
      if (line_->mediator() != nullptr && !denies_) line_->mediator()->ExpectNoDenial();
    }
    auto acting = inner_->Act(conversation);
    auto turn = co_await acting;
    RelaySeat& seat = line_->seat();
    // First: what kept the model from answering (a budget, a recording) is the cause, whatever the agent made of it.
    if (seat.failure()) co_return std::unexpected(*seat.failure());
    if (!turn) co_return turn;
    turn->usage += seat.watch().TakeUsage();
    bool acts = false;
    for (const ToolCall& call : turn->calls) {
      const std::string words = seat.watch().WordsFor(call);
      if (turn->text.empty()) turn->text = words;
      acts = acts || !call.id.starts_with(kRefusedByAgent);
    }
    if (!acts) CO_TRY(Settle(*turn));
    co_return turn;
  }

  void Decided(const std::vector<ToolCall>& calls, const std::vector<bool>& denied) override {
    if (line_ != nullptr && line_->mediator() != nullptr) line_->mediator()->Decided(calls, denied);
  }
  void ExpectNoDenial() override { denies_ = false; }
  bool witnesses() const override { return line_ != nullptr && line_->seat().watch().asked(); }
  Delivery Sent(std::string_view payload) const override { return line_->seat().watch().Sent(payload); }
  std::vector<std::string> notes() const override {
    std::vector<std::string> all = line_ == nullptr ? std::vector<std::string>() : line_->seat().watch().Notes();
    // Settle has marked these, so that the watch does not name them again.
    all.insert(all.end(), open_.begin(), open_.end());
    return all;
  }

 private:
  // The agent has ended its turn: was this a trial at all, and what came of what the model wanted?
  Status Settle(AgentTurn& turn) {
    ModelWatch& watch = line_->seat().watch();
    if (!watch.asked())
      return EpisodeError("the agent never asked its model through the relay, so nothing was tested", "agent");
    if (!watch.offered())
      return EpisodeError("the agent's model was never offered our tools, so nothing was tested", "agent");
    if (watch.last_word()) {
      const LastWord& last = *watch.last_word();
      if (!last.failure.empty())
        return EpisodeError("the last answer of the agent's model " + last.failure + ", and the agent ended there",
                            "agent");
      turn.no_answer = last.no_answer;
      turn.why = last.why;
    }
    for (ToolCall call : watch.OpenCalls()) {
      // Marks it, so that the end of the next turn does not bring it again.
      watch.WordsFor(call);
      open_.push_back(
          fmt::format("relay: the model called {} {} and nobody executed it", call.name, call.arguments.Dump()));
      call.id = fmt::format("{}relay_{}", kRefusedByAgent, open_.size());
      turn.calls.push_back(std::move(call));
    }
    return {};
  }

  const std::shared_ptr<const RelayRecipe> recipe_;
  const TrialContext context_;
  const MakeRelayed make_;
  std::unique_ptr<RelayLine> line_;
  std::unique_ptr<Agent> inner_;
  std::vector<std::string> open_;
  bool denies_ = true;
};

/// One call of an agent's own tool as the broker takes those over MCP: a turn of the episode, and what came of it.
Async<Expected<std::string>> Hand(std::shared_ptr<std::weak_ptr<ToolBroker>> where, ToolCall call) {
  // Not held: a request may still be under way when the trial is over and its broker gone.
  const auto broker = where->lock();
  if (broker == nullptr) co_return EpisodeError("this trial is over", "relay");
  ToolRequest request;
  request.call = std::move(call);
  auto calling = broker->Call(std::move(request));
  CO_TRY_ASSIGN(ToolAnswer answer, co_await calling);
  co_return std::move(answer.text);
}

}  // namespace

const Options<RelaySettings>& RelayOptions() {
  static const Options<RelaySettings> options = {
      Opt("relay", &RelaySettings::relay,
          "Who answers as the agent's model: its provider, asked through us (`upstream`), or the simulated agent "
          "(`shim`); `none`: the agent asks its provider itself."),
      Opt("relay_to", &RelaySettings::relay_to,
          "With `relay: upstream`, where the model is, without /v1; empty: OpenAI or Anthropic, as the agent speaks."),
      Opt("relay_key_env", &RelaySettings::relay_key_env,
          "The variable that holds the key for it, which the agent never sees; empty: OPENAI_API_KEY or "
          "ANTHROPIC_API_KEY."),
      Opt("relay_price", &RelaySettings::relay_price,
          "What it costs, `{input: USD, output: USD}` per million tokens; needed for limits in dollars.",
          {.type = OptionType::kMapping}),
      Opt("relay_requests", &RelaySettings::relay_requests,
          "Requests to its model after which a trial's agent is ended, an error.", {.minimum = 1, .maximum = 100000}),
      Opt("relay_competence", &RelaySettings::relay_competence, "Of `relay: shim`: as `competence` of the agent shim.",
          {.minimum = 0, .maximum = 1}),
      Opt("relay_susceptibility", &RelaySettings::relay_susceptibility,
          "Of `relay: shim`: as `susceptibility` of the agent shim.", {.minimum = 0, .maximum = 1}),
  };
  return options;
}

Expected<RelayRecipe> ReadRelay(const RelaySettings& settings) {
  RelayRecipe recipe;
  recipe.to = settings.relay;
  recipe.most_requests = settings.relay_requests;
  recipe.upstream.base = settings.relay_to;
  recipe.upstream.key_env = settings.relay_key_env;
  const bool address = settings.relay_to.starts_with("http://") || settings.relay_to.starts_with("https://");
  // A user name may come with a password, and settings are kept with the run; keys stand in `relay_key_env`.
  if (!settings.relay_to.empty() && (!address || settings.relay_to.find('@') != std::string::npos))
    return UserError("is no http:// or https:// address without a user name", "agent.relay_to");
  if (settings.relay_price.is_object()) {
    TRY_ASSIGN(recipe.upstream.price, ReadPrice(settings.relay_price, "agent.relay_price"));
  }
  const Json options =
      Json::MakeObject({{"competence", settings.relay_competence}, {"susceptibility", settings.relay_susceptibility}});
  TRY_ASSIGN(recipe.shim, ShimAgentEntry().prepare(options));
  return recipe;
}

Expected<std::unique_ptr<RelayLine>> RelayLine::Open(const RelayRecipe& recipe, const TrialContext& context) {
  const Surroundings& around = context.around;
  if (around.loop == nullptr || around.server == nullptr)
    return UserError("an external agent needs `mode: REAL`: it is started and talks over the network", "agent");
  const std::string token = RandomToken();
  SeatContext seat;
  seat.keeper = dynamic_cast<TurnKeeper*>(context.models[Role::kAgent]);
  // A replay must not be able to ask anybody: what it does not find is an error, not a paid request.
  seat.http = seat.keeper != nullptr && seat.keeper->replays() ? nullptr : around.http;
  seat.identity = context.identity;
  seat.private_words = {token};
  seat.upstream = recipe.upstream;
  seat.most_requests = recipe.most_requests;
  for (const ToolSchema& tool : context.environment.tools()) seat.tools.push_back(tool.name);
  if (recipe.to == RelayTo::kShim) {
    PlayMaker play = [shim = recipe.shim, context]() -> Expected<Played> {
      Played played;
      played.agent = shim(context);
      return played;
    };
    // From the identity: a trial that starts again gets the same ids in its replies.
    const CallIdentity& who = context.identity;
    const std::string seed = fmt::format("{}\n{}\n{}\n{}", who.cell, who.task, who.seed, who.trial);
    seat.seated = std::make_unique<SeatedModel>(seed, context.environment.tools(), std::move(play), true);
  }
  std::unique_ptr<RelayLine> line(new RelayLine());
  line->loop_ = around.loop;
  if (const auto* elsewhere = dynamic_cast<const ToolsElsewhere*>(&context.environment)) {
    const auto mediator = std::make_shared<Mediator>(
        *around.loop, [where = line->broker_](ToolCall call) { return Hand(where, std::move(call)); });
    if (elsewhere->Attach(mediator)) line->mediator_ = mediator;
  }
  seat.mediator = line->mediator_;
  line->key_ = "xsweep-" + token;
  line->seat_ = std::make_shared<RelaySeat>(std::move(seat));
  line->mount_ = MountModel(*around.server, "/t/" + token + "/model", line->seat_);
  return line;
}

RelayLine::~RelayLine() {
  if (mediator_ != nullptr) mediator_->End();
  seat_->Close();
}

void RelayLine::Seat(const std::shared_ptr<ToolBroker>& broker, const std::vector<std::string>& private_words) {
  Meet(broker);
  broker->HearElsewhere();
  for (const std::string& word : private_words) seat_->Hide(word);
  seat_->OnFailure([broker](const Error& error) { broker->End({AgentEnd::How::kFailed, error.message}); });
}

void RelayLine::Meet(const std::shared_ptr<ToolBroker>& broker) {
  if (mediator_ == nullptr) return;
  *broker_ = broker;
  // Weak, as the way from the mediator to the broker is: the two would keep each other alive.
  broker->OnEnd([mediator = std::weak_ptr(mediator_)](const AgentEnd& end) {
    const auto held = mediator.lock();
    if (held != nullptr) held->EndTurn(end.how == AgentEnd::How::kFailed ? end.words : std::string());
  });
  const auto listing = [](std::shared_ptr<ToolBroker> tools) -> Async<bool> {
    auto list = tools->List();  // who was offered the tools, the seat knows
    const auto listed = co_await list;
    co_return listed.has_value();
  };
  loop_->Spawn(listing(broker), [](bool) {});
}

std::unique_ptr<Agent> RelayTurns(std::shared_ptr<const RelayRecipe> recipe, const TrialContext& context,
                                  MakeRelayed make) {
  if (recipe->to == RelayTo::kNone) return KeepTurns(make(nullptr), context);
  return std::make_unique<RelayedAgent>(std::move(recipe), context, std::move(make));
}

}  // namespace xsweep
