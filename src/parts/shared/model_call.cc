// What parts that ask a model share.
// SPDX-License-Identifier: Apache-2.0
#include "parts/shared/model_call.h"

#include <cctype>

#include <fmt/format.h>

namespace xsweep {

ModelRequest MakeRequest(const TrialContext& context, Role role, std::uint32_t turn, std::string system,
                         std::string text) {
  ModelRequest request;
  request.identity = context.identity;
  request.identity.role = role;
  request.identity.turn = turn;
  request.system = std::move(system);
  Message& message = request.messages.emplace_back();
  message.speaker = Speaker::kUser;
  message.text = std::move(text);
  return request;
}

std::optional<bool> ReadYesNo(std::string_view reply) {
  std::string word;
  for (std::size_t i = 0; i <= reply.size(); ++i) {
    const char next = i < reply.size() ? reply[i] : ' ';
    if (std::isalnum(static_cast<unsigned char>(next)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(next)));
      continue;
    }
    if (word == "yes") return true;
    if (word == "no") return false;
    word.clear();
  }
  return std::nullopt;
}

std::string DescribeDialogue(const Conversation& conversation) {
  std::string text;
  for (const Message& message : conversation.messages) {
    const std::string_view who = message.speaker == Speaker::kUser   ? "user"
                                 : message.speaker == Speaker::kTool ? "result"
                                                                     : "agent";
    if (!message.text.empty()) text += fmt::format("{}: {}\n", who, message.text);
    for (const ToolCall& call : message.calls) text += fmt::format("call {} {}\n", call.name, call.arguments.Dump());
  }
  return text;
}

std::string DescribeDialogue(const Transcript& transcript) {
  std::string text;
  for (const Step& step : transcript.steps) {
    if (step.kind == StepKind::kUser) text += fmt::format("user: {}\n", step.shown);
    if (step.kind == StepKind::kAgent && !step.shown.empty()) text += fmt::format("agent: {}\n", step.shown);
    if (step.kind != StepKind::kTool || step.call < 0) continue;
    const CallRecord& record = transcript.calls[static_cast<std::size_t>(step.call)];
    text += fmt::format("call {} {} ({})\nresult: {}\n", record.call.name, record.call.arguments.Dump(),
                        NameOf(record.fate), step.shown);
  }
  return text;
}

Error NoModel(std::string_view part, std::string_view role) {
  return {ErrorKind::kUser, fmt::format("{} needs a model; set `models.{}`", part, role), {}};
}

}  // namespace xsweep
