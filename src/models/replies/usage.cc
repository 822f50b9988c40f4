// Usage: what a reply says that it took, in whatever spelling, and never more than can be true.
// SPDX-License-Identifier: Apache-2.0
#include "models/replies/usage.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string_view>

#include "base/text.h"

namespace xsweep {
namespace {

/// -1: no count.
std::int64_t AsCount(const Json& value) {
  double number = -1;
  if (value.is_int()) return value.AsInt() >= 0 && value.AsInt() <= kMostTokens ? value.AsInt() : -1;
  if (value.is_double()) number = value.AsDouble();
  if (value.is_string()) number = ParseNumber(value.AsString()).value_or(-1);
  const bool sound = number >= 0 && number <= static_cast<double>(kMostTokens) && number == std::floor(number);
  return sound ? static_cast<std::int64_t>(number) : -1;
}

enum class Known : std::uint8_t { kAbsent, kUnusable, kCounted };
struct Count {
  Known known = Known::kAbsent;
  std::int64_t tokens = 0;
};

/// The first of the names that is there.
Count Find(const Json& usage, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const Json* value = usage.Find(name);
    if (value == nullptr || value->is_null()) continue;
    const std::int64_t tokens = AsCount(*value);
    return {tokens < 0 ? Known::kUnusable : Known::kCounted, std::max<std::int64_t>(tokens, 0)};
  }
  return {};
}

Count Prompt(const Json& usage) {
  return Find(usage, {"prompt_tokens", "input_tokens", "promptTokens", "inputTokens", "promptTokenCount",
                      "prompt_token_count", "prompt_eval_count", "tokens_in"});
}
Count Completion(const Json& usage) {
  return Find(usage, {"completion_tokens", "output_tokens", "completionTokens", "outputTokens", "candidatesTokenCount",
                      "candidates_token_count", "generated_tokens", "eval_count", "tokens_out"});
}
Count Total(const Json& usage) { return Find(usage, {"total_tokens", "totalTokens", "totalTokenCount"}); }

bool HoldsCounts(const Json& usage) {
  return Prompt(usage).known != Known::kAbsent || Completion(usage).known != Known::kAbsent;
}

/// The object that holds the counts: `usage`, something inside it, or where a gateway put it.
const Json* FindUsage(const Json& reply) {
  for (const std::string_view place : {"usage", "usageMetadata", "usage_metadata", "x_groq", "meta", "metadata"}) {
    const Json* usage = reply.Find(place);
    if (usage == nullptr || !usage->is_object()) continue;
    if (HoldsCounts(*usage)) return usage;
    for (const std::string_view inner : {"usage", "tokens", "token_usage", "billed_units"}) {
      const Json* nested = usage->Find(inner);
      if (nested != nullptr && nested->is_object() && HoldsCounts(*nested)) return nested;
    }
  }
  return HoldsCounts(reply) ? &reply : nullptr;
}

/// The prompt without what the cache held is Messages' `input_tokens`. Gateways that write `prompt_tokens` beside
/// the cache's counts mean all of it, as the total shows, or as it must be where there is none.
bool IsWholePrompt(const Json& usage, const TokenCounts& counts, std::int64_t of_cache, const Count& total) {
  if (usage.Find("prompt_tokens") == nullptr || counts.prompt < of_cache) return false;
  return total.known != Known::kCounted || total.tokens < counts.prompt + of_cache + counts.completion;
}

std::int64_t Detail(const Json& usage, std::initializer_list<std::string_view> names) {
  std::int64_t found = std::max<std::int64_t>(Find(usage, names).tokens, 0);
  for (const std::string_view details :
       {"prompt_tokens_details", "input_tokens_details", "completion_tokens_details", "output_tokens_details"}) {
    const Json* nested = usage.Find(details);
    if (nested != nullptr) found = std::max(found, Find(*nested, names).tokens);
  }
  return found;
}

}  // namespace

std::optional<TokenCounts> ReadTokenCounts(const Json& reply) {
  const Json* usage = FindUsage(reply);
  if (usage == nullptr) return std::nullopt;
  const Count prompt = Prompt(*usage);
  const Count completion = Completion(*usage);
  if (prompt.known != Known::kCounted || completion.known == Known::kUnusable) return std::nullopt;
  const Count total = Total(*usage);
  if (completion.known == Known::kAbsent && total.known != Known::kCounted) return std::nullopt;
  TokenCounts counts;
  // Messages: what the cache held is told beside the prompt, not in it.
  const Count read = Find(*usage, {"cache_read_input_tokens"});
  const Count written = Find(*usage, {"cache_creation_input_tokens"});
  if (read.known == Known::kUnusable || written.known == Known::kUnusable) return std::nullopt;
  counts.prompt = prompt.tokens;
  counts.completion = completion.tokens;
  const std::int64_t of_cache = read.tokens + written.tokens;
  if (!IsWholePrompt(*usage, counts, of_cache, total)) counts.prompt += of_cache;
  counts.written = written.tokens;
  counts.cached =
      read.known == Known::kCounted
          ? read.tokens
          : std::min(counts.prompt,
                     Detail(*usage, {"cached_tokens", "prompt_cache_hit_tokens", "cachedContentTokenCount"}));
  if (counts.prompt == 0) return std::nullopt;  // no prompt is empty: the server has not counted
  if (total.known == Known::kCounted) {
    counts.completion = std::max(counts.completion, total.tokens - counts.prompt);
  } else if (const std::int64_t thought = Detail(*usage, {"reasoning_tokens"}); thought > counts.completion) {
    counts.completion += thought;  // xAI's way: beside the completion, where others count it in
  }
  return counts;
}

}  // namespace xsweep
