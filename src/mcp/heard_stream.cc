// HeardStream: looking for one answer in a stream of events.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/heard_stream.h"

#include <algorithm>

#include "base/text.h"
#include "mcp/messages.h"

namespace xsweep {
namespace {

/// A server that says 0 is not asked without a pause.
constexpr std::chrono::milliseconds kShortestRetry{50}, kLongestRetry{86'400'000};

bool IsStream(const HttpResponse& response) {
  const std::string* type = response.Header("content-type");
  return type != nullptr && AsciiLower(*type).starts_with("text/event-stream");
}

}  // namespace

std::vector<std::string> MessagesOf(const HttpResponse& response) {
  if (!IsStream(response)) return {response.body};
  std::vector<std::string> messages;
  EventStreamReader reader;
  for (const std::string_view piece : {std::string_view(response.body), std::string_view("\n\n")}) {
    auto events = reader.Feed(piece);
    for (std::size_t i = 0; events && i < events->size(); ++i) messages.push_back(std::move((*events)[i].data));
  }
  return messages;
}

bool Answers(const Json& message, std::int64_t id) {
  if (!message.is_object() || message.Find("method") != nullptr) return false;
  return AnsweredId(message) == id || message.Find("error") != nullptr;
}

bool HeardStream::Hear(const HttpResponse& so_far, std::string_view piece) {
  if (so_far.status != 200 || !IsStream(so_far)) return false;
  const auto events = reader_.Feed(piece);
  if (!reader_.last_id().empty()) last_event_ = reader_.last_id();
  if (reader_.retry()) retry_ = std::clamp(*reader_.retry(), kShortestRetry, kLongestRetry);
  return events && std::ranges::any_of(*events, [this](const StreamEvent& event) {
           return std::ranges::any_of(ReadMessages(event.data),
                                      [this](const Json& message) { return Answers(message, id_); });
         });
}

}  // namespace xsweep
