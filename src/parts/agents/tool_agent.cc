// tool_agent: a model with tools plays the agent.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/agents.h"
#include "parts/agents/short_tools.h"
#include "parts/shared/model_call.h"

namespace xsweep {
namespace {

struct ToolAgentSettings {
  std::string instructions =
      "You are a customer service agent and help the user according to the policy below. On each turn either write to "
      "the user or call tools, not both. Follow the policy at all times, and call tools with valid JSON only.";
  Json short_tools;  ///< a bool; none is false, and leaves the fingerprints of configs without it as they are
};

const Options<ToolAgentSettings> kToolAgentOptions = {
    Opt("instructions", &ToolAgentSettings::instructions, "Stands before the policy in the system prompt."),
    Opt("short_tools", &ToolAgentSettings::short_tools,
        "Leaves out what is said about the arguments of tools, for small models.", {.type = OptionType::kBool})};

class ToolAgent : public Agent {
 public:
  ToolAgent(Shared<ToolAgentSettings> settings, const TrialContext& context)
      : settings_(std::move(settings)), context_(context) {}

  // One exchange per turn: all calls of a reply are executed, in order, before the model is asked again.
  Async<Expected<AgentTurn>> Act(const Conversation& conversation) override {
    Model* model = context_.models[Role::kAgent];
    if (model == nullptr) co_return std::unexpected(NoModel("agent tool_agent", "agent"));
    if (turn_ == 0 || !policy_.SharesWith(conversation.system)) Instruct(conversation.system);
    request_.identity = context_.identity;
    request_.identity.role = Role::kAgent;
    request_.identity.turn = turn_++;
    Take(*conversation.tools);
    Take(conversation.messages);
    CO_TRY_ASSIGN(ModelReply reply, co_await model->Complete(request_));
    AgentTurn turn;
    turn.no_answer = reply.no_answer;
    if (turn.no_answer != NoAnswer::kNone) turn.why = DescribeNoAnswer(turn.no_answer, reply);
    turn.kept = std::move(reply.kept);
    turn.text = std::move(reply.text);
    turn.calls = std::move(reply.calls);
    turn.reasoning = std::move(reply.reasoning);
    turn.usage = reply.usage;
    co_return turn;
  }

 private:
  using Tools = Common<std::vector<ToolSchema>>;

  void Instruct(const Common<std::string>& policy) {
    policy_ = policy;
    request_.system = Common<std::string>::Of("<instructions>\n" + settings_->instructions +
                                              "\n</instructions>\n<policy>\n" + *policy + "\n</policy>");
  }

  void Take(const std::vector<ToolSchema>& tools) {
    const Tools shown = Tools::Of(tools);
    if (tools_.SharesWith(shown)) return;
    tools_ = shown;
    request_.tools = settings_->short_tools == Json(true) ? Tools::Of(ShortTools(tools)) : shown;
  }

  /// Assigned to what the last turn left: its texts keep their memory, and there is room for the turns to come.
  void Take(const std::vector<Message>& messages) {
    if (request_.messages.capacity() < messages.size()) request_.messages.reserve(2 * messages.size());
    request_.messages = messages;
  }

  const Shared<ToolAgentSettings> settings_;
  const TrialContext context_;
  std::uint32_t turn_ = 0;
  Common<std::string> policy_;
  Tools tools_;           ///< as the conversation has them
  ModelRequest request_;  ///< kept between turns: nearly all of it is the same again
};

}  // namespace

AgentEntry ToolAgentEntry() {
  return AgentEntry::Of(
      {.name = "tool_agent", .summary = "A model with tools; needs `models.agent`.", .model_role = "agent"},
      kToolAgentOptions, [](const ToolAgentSettings& settings) -> PartFactory<Agent> {
        const auto shared = std::make_shared<const ToolAgentSettings>(settings);
        return [shared](const TrialContext& context) { return std::make_unique<ToolAgent>(shared, context); };
      });
}

}  // namespace xsweep
