// RecordedAsks: what a recording has of the requests of one trial's agent.
// SPDX-License-Identifier: Apache-2.0
#include "relay/recorded.h"

#include <algorithm>
#include <string_view>

namespace xsweep {
namespace {

constexpr std::string_view kRelayed = "+relay";  ///< behind the cell: dialogues of models, not of agents
constexpr std::string_view kTook = "Wall time: ";

}  // namespace

RecordedAsks::RecordedAsks(CallIdentity identity, std::vector<std::string> private_words)
    : identity_(std::move(identity)), private_words_(std::move(private_words)) {
  identity_.cell += kRelayed;
  identity_.role = Role::kAgent;
  identity_.turn = 0;
}

void RecordedAsks::Hide(std::string word) {
  std::string dashed = word;
  std::ranges::replace(dashed, '/', '-');
  private_words_.push_back(std::move(word));
  if (dashed != private_words_.back()) private_words_.push_back(std::move(dashed));
}

std::string RecordedAsks::Plain(std::string text) const {
  for (const std::string& word : private_words_)
    for (std::size_t at = 0; !word.empty() && (at = text.find(word, at)) != std::string::npos; at += 5)
      text.replace(at, word.size(), "TRIAL");
  if (!text.starts_with(kTook)) return text;
  const std::size_t end = text.find(" seconds");
  if (end != std::string::npos) text.replace(kTook.size(), end - kTook.size(), "some");
  return text;
}

ModelRequest RecordedAsks::Next(const ModelAsk& ask) {
  ModelRequest request;
  request.identity = identity_;
  ++identity_.turn;
  request.system = Plain(ask.system);
  for (const Message& message : ask.messages) {
    request.messages.push_back(message);
    request.messages.back().text = Plain(message.text);
  }
  std::vector<ToolSchema> tools;
  tools.reserve(ask.tools.size());
  for (const OfferedTool& tool : ask.tools) tools.push_back({tool.name, Plain(tool.description), tool.parameters});
  request.tools = std::move(tools);
  return request;
}

}  // namespace xsweep
