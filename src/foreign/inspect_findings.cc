// What Inspect's logs say against their own numbers.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/inspect_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::int64_t kNewestVersion = 3;

const Json* Object(const Json* json, std::string_view key) {
  const Json* found = json == nullptr || !json->is_object() ? nullptr : json->Find(key);
  return found != nullptr && found->is_object() ? found : nullptr;
}

/// Whether a message of the assistant says something or calls something; its thought is neither.
bool Says(const Json& message) {
  const Json* calls = message.Find("tool_calls");
  if (calls != nullptr && calls->is_array() && calls->size() > 0) return true;
  const Json* content = message.Find("content");
  if (content == nullptr) return false;
  if (content->is_string()) return !Trim(content->AsString()).empty();
  return content->is_array() && std::ranges::any_of(content->items(), [](const Json& part) {
           const std::string_view type = part.StringOr("type", "");
           return type != "reasoning" && (type != "text" || !Trim(part.StringOr("text", "")).empty());
         });
}

/// Why the model stopped in its last reply; empty where the log does not say.
std::string_view LastStop(const Json* output) {
  const Json* choices = output == nullptr ? nullptr : output->Find("choices");
  const bool any = choices != nullptr && choices->is_array() && choices->size() > 0;
  return any ? choices->items().front().StringOr("stop_reason", "") : std::string_view();
}

}  // namespace

std::vector<std::string> InspectFindings::Notes() const {
  std::vector<std::string> all = notes;
  for (const auto& [kind, count] : limits)
    all.push_back(fmt::format(
        "{} ended at a limit ({}): the scores are kept; what the agent would have done further nobody knows.",
        count == 1 ? "One sample" : fmt::format("{} samples", count), Printable(kind)));
  if (copies > 0)
    all.push_back(fmt::format("{} also in an earlier log (a retried run takes them over) and counted once.",
                              copies == 1 ? "One sample is" : fmt::format("{} samples are", copies)));
  return all;
}

std::string WhyVoid(const Json& sample) {
  if (const Json* invalid = Object(&sample, "invalidation")) {
    const std::string_view reason = invalid->StringOr("reason", "");
    return "the sample was declared invalid" + (reason.empty() ? std::string() : ": " + std::string(reason));
  }
  const Json* limit = Object(&sample, "limit");
  return limit != nullptr && limit->StringOr("type", "") == "operator" ? "an operator ended the sample" : "";
}

std::string WhyUnanswered(const Json& sample) {
  const Json* messages = sample.Find("messages");
  if (messages == nullptr || !messages->is_array() || messages->size() == 0) return {};
  const Json* output = Object(&sample, "output");
  const std::string failure(output == nullptr ? "" : output->StringOr("error", ""));
  if (!failure.empty()) return "unanswered: the agent's model failed: " + failure;
  const auto& all = messages->items();
  const auto last = std::find_if(all.rbegin(), all.rend(),
                                 [](const Json& message) { return message.StringOr("role", "") == "assistant"; });
  // Logs that other programs write thinly may hold the prompt alone; Inspect's own say what their model put out.
  if (last == all.rend()) return output == nullptr ? "" : "unanswered: the agent never said anything";
  const std::string_view stop = LastStop(output);
  if (stop == "max_tokens" || stop == "model_length" || stop == "content_filter")
    return fmt::format("unanswered: the agent's last reply ended in {}", stop);
  return Says(*last) ? "" : "unanswered: the agent's last reply is empty";
}

void FindInHeader(const Json& header, std::uint64_t samples, const std::string& where, InspectFindings& findings) {
  const std::string_view status = header.StringOr("status", "started");
  if (status != "success")
    findings.notes.push_back(
        fmt::format("{}: its status is `{}`, so samples may be missing.", where, Printable(status)));
  const Json* results = Object(&header, "results");
  const std::int64_t planned = results == nullptr ? 0 : results->IntOr("total_samples", 0);
  if (planned > 0 && static_cast<std::uint64_t>(planned) > samples)
    findings.warnings.push_back(fmt::format("{}: {} of its {} samples are missing: it holds {}.", where,
                                            static_cast<std::uint64_t>(planned) - samples, planned, samples));
  if (header.BoolOr("invalidated", false))
    findings.warnings.push_back(where + ": the log was declared invalid by whoever made it.");
  if (const std::int64_t version = header.IntOr("version", 2); version > kNewestVersion)
    findings.warnings.push_back(
        fmt::format("{}: it has version {}; versions up to {} are known here.", where, version, kNewestVersion));
}

}  // namespace xsweep
