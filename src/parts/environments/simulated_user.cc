// SimulatedUser: the customer of a desk's task.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/simulated_user.h"

namespace xsweep {
namespace {

constexpr std::string_view kStopWords[] = {"###STOP###", "###TRANSFER###", "###OUT-OF-SCOPE###"};

constexpr std::string_view kBareGuidelines =
    "You play a customer who talks to a service agent. Write one short message at a time, as the customer. Say only "
    "what the scenario gives you. When everything is settled answer ###STOP###; when you are handed over to a person "
    "answer ###TRANSFER###; when the scenario does not cover what you would say answer ###OUT-OF-SCOPE###.";

/// A user who does more than this before a word is lost in its phone.
constexpr int kMostDeeds = 20;

/// Both references open with the agent's greeting.
constexpr std::string_view kGreeting = "Hi! How can I help you today?";

bool Stops(std::string_view text) {
  for (const std::string_view word : kStopWords) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Async<Expected<UserTurn>> SimulatedUser::Speak(const Conversation& conversation, Usage& usage) {
  if (models_.user != nullptr) return AskModel(conversation, usage);
  UserTurn turn;
  if (turn_++ == 0) {
    turn.text = task_.task.instruction;
  } else {
    turn.stop = true;
  }
  return Async<Expected<UserTurn>>(Expected<UserTurn>(std::move(turn)));
}

ModelRequest SimulatedUser::Request(const Conversation& conversation) const {
  ModelRequest request;
  request.identity = models_.identity;
  request.identity.role = Role::kUser;
  request.identity.turn = turn_;
  const std::string_view guidelines = guidelines_.empty() ? kBareGuidelines : std::string_view(guidelines_);
  request.system = std::string(guidelines) + "\n\n<scenario>\n" + task_.scenario + "\n</scenario>";
  const auto say = [&](Speaker speaker, std::string text) {
    Message message;
    message.speaker = speaker;
    message.text = std::move(text);
    request.messages.push_back(std::move(message));
  };
  // For this model the sides are swapped: the agent is its user. Tool traffic is not for the customer's eyes. An agent
  // that has said nothing has had its turn all the same: servers take no dialogue that ends with the model's own words.
  say(Speaker::kUser, std::string(kGreeting));
  auto deed = deeds_.begin();
  const auto say_deeds = [&](std::size_t heard) {
    for (; deed != deeds_.end() && deed->first <= heard; ++deed) request.messages.push_back(deed->second);
  };
  for (std::size_t i = 0; i < conversation.messages.size(); ++i) {
    const Message& message = conversation.messages[i];
    say_deeds(i);
    if (message.speaker == Speaker::kTool || (message.text.empty() && !message.calls.empty())) continue;
    if (message.speaker == Speaker::kUser) say(Speaker::kAgent, message.text);
    if (message.speaker == Speaker::kAgent) say(Speaker::kUser, message.text);
  }
  say_deeds(conversation.messages.size());
  if (tools_.tools != nullptr) request.tools = Common<std::vector<ToolSchema>>::Of(*tools_.tools);
  return request;
}

Async<Expected<ModelReply>> SimulatedUser::Ask(const Conversation& conversation, Usage& usage) {
  const ModelRequest request = Request(conversation);
  auto reply = co_await models_.user->Complete(request);
  if (!reply) co_return std::unexpected(std::move(reply).error());
  ++turn_;
  usage += reply->usage;
  if (const NoAnswer why = WhyNoPart(*reply); why != NoAnswer::kNone) {
    co_return std::unexpected(NoPart(Role::kUser, why, *reply));
  }
  co_return std::move(*reply);
}

// Its calls, with their results, behind what it has heard so far.
Async<Status> SimulatedUser::Act(ModelReply reply, std::size_t heard) {
  Message asked;
  asked.speaker = Speaker::kAgent;
  asked.text = std::move(reply.text);
  asked.calls = reply.calls;
  asked.kept = std::move(reply.kept);
  deeds_.emplace_back(heard, std::move(asked));
  for (const ToolCall& call : reply.calls) {
    Message result;
    result.speaker = Speaker::kTool;
    result.call_id = call.id;
    if (call.arguments.is_object()) {
      auto calling = tools_.call(call);
      CO_TRY_ASSIGN(ToolOutcome outcome, co_await calling);
      result.text = std::move(outcome.content);
      result.error = outcome.error;
    } else {
      result.text = "Error: the arguments are not a JSON object";
      result.error = true;
    }
    deeds_.emplace_back(heard, std::move(result));
  }
  co_return Status();
}

Async<Expected<UserTurn>> SimulatedUser::AskModel(const Conversation& conversation, Usage& usage) {
  for (int deed = 0; deed <= kMostDeeds; ++deed) {
    auto asking = Ask(conversation, usage);
    CO_TRY_ASSIGN(ModelReply reply, co_await asking);
    if (tools_.tools != nullptr && !reply.calls.empty()) {
      auto acting = Act(std::move(reply), conversation.messages.size());
      CO_TRY(co_await acting);
      continue;
    }
    if (reply.text.find_first_not_of(" \t\r\n") == std::string::npos) {
      co_return std::unexpected(NoPart(Role::kUser, NoAnswer::kEmpty, reply));
    }
    UserTurn turn;
    turn.stop = Stops(reply.text);
    turn.text = std::move(reply.text);
    co_return turn;
  }
  co_return EpisodeError("the user's model made calls " + std::to_string(kMostDeeds + 1) + " times and said nothing",
                         "models.user");
}

}  // namespace xsweep
