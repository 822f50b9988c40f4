// Answer: what a reply amounts to, the same for every wire.
// SPDX-License-Identifier: Apache-2.0
#include "models/replies/answer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/characters.h"
#include "base/text.h"
#include "models/replies/legal.h"
#include "models/replies/text_calls.h"
#include "models/replies/thought.h"

namespace xsweep {
namespace {

struct FinishWord {
  std::string_view word;
  FinishReason reason;
};
// In small letters. What Gemini's, Mistral's, Zhipu's, DeepSeek's, Cohere's, watsonx', vLLM's, llama.cpp's and Ollama's
// servers say beside OpenAI's and Anthropic's own words.
constexpr std::array<FinishWord, 61> kFinishWords = {{
    {"stop", FinishReason::kStop},
    {"end_turn", FinishReason::kStop},
    {"stop_sequence", FinishReason::kStop},
    {"eos", FinishReason::kStop},
    {"eos_token", FinishReason::kStop},
    {"complete", FinishReason::kStop},
    {"completed", FinishReason::kStop},
    {"done", FinishReason::kStop},
    {"end", FinishReason::kStop},
    {"endoftext", FinishReason::kStop},
    {"word", FinishReason::kStop},
    {"tool_calls", FinishReason::kToolCalls},
    {"tool_call", FinishReason::kToolCalls},
    {"tool_use", FinishReason::kToolCalls},
    {"function_call", FinishReason::kToolCalls},
    {"length", FinishReason::kLength},
    {"max_tokens", FinishReason::kLength},
    {"max_output_tokens", FinishReason::kLength},
    {"max_length", FinishReason::kLength},
    {"model_length", FinishReason::kLength},
    {"model_context_window_exceeded", FinishReason::kLength},
    {"context_length_exceeded", FinishReason::kLength},
    {"truncated", FinishReason::kLength},
    {"incomplete", FinishReason::kLength},
    {"limit", FinishReason::kLength},
    {"token_limit", FinishReason::kLength},
    {"not_finished", FinishReason::kLength},
    {"time_limit", FinishReason::kError},
    {"content_filter", FinishReason::kContentFilter},
    {"content_filtered", FinishReason::kContentFilter},
    {"content-filter", FinishReason::kContentFilter},
    {"filtered", FinishReason::kContentFilter},
    {"sensitive", FinishReason::kContentFilter},
    {"safety", FinishReason::kContentFilter},
    {"recitation", FinishReason::kContentFilter},
    {"blocklist", FinishReason::kContentFilter},
    {"prohibited_content", FinishReason::kContentFilter},
    {"spii", FinishReason::kContentFilter},
    {kIntervened, FinishReason::kContentFilter},
    {"moderation", FinishReason::kContentFilter},
    {"error_toxic", FinishReason::kContentFilter},
    {"flagged", FinishReason::kContentFilter},
    {"refusal", FinishReason::kRefusal},
    {"error", FinishReason::kError},
    {"failed", FinishReason::kError},
    {"abort", FinishReason::kError},
    {"aborted", FinishReason::kError},
    {"cancelled", FinishReason::kError},
    {"canceled", FinishReason::kError},
    {"network_error", FinishReason::kError},
    {"insufficient_system_resource", FinishReason::kError},
    {"error_finish", FinishReason::kError},
    {"error_limit", FinishReason::kError},
    {"user_cancel", FinishReason::kError},
    {"timeout", FinishReason::kError},
    {"load", FinishReason::kError},  // Ollama: the model was being loaded
    {"engine_error", FinishReason::kError},
    {"missing_thought_signature", FinishReason::kError},
    {"too_many_tool_calls", FinishReason::kError},
    {"malformed_response", FinishReason::kError},
    {"malformed_model_output", FinishReason::kError},
}};

/// Arguments that were cut off: they begin as an object and never end as one.
bool IsCut(const ToolCall& call) {
  if (!call.arguments.is_string()) return false;
  const std::string_view text = call.arguments.AsString();
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || text[begin] != '{') return false;
  int depth = 0;
  bool inside = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (inside && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      inside = !inside;
    } else if (!inside && text[i] == '{') {
      ++depth;
    } else if (!inside && text[i] == '}') {
      --depth;
    }
  }
  return inside || depth > 0;
}

// What templates leave when a model said nothing, beside marks of the form <|...|>, and how gateways write a message
// that is not there.
constexpr std::array<std::string_view, 17> kTemplateMarks = {
    "[e~[",   "]~b]",    "</s>",  "<s>",      "<eos>",         "<bos>",
    "<pad>",  "<unk>",   "[pad]", "[eos]",    "<end_of_turn>", "<start_of_turn>",
    "[inst]", "[/inst]", "<br>",  "<answer>", "</answer>"};
constexpr std::array<std::string_view, 3> kNothings = {"null", "none", "undefined"};
constexpr std::array<std::string_view, 3> kSpeakers = {"assistant", "model",
                                                       "ai"};  // as templates name whose turn begins

/// The length of the mark of a template that `lower` begins with: a known one, <|...|>, or the same with DeepSeek's
/// wide bars; 0 for none.
std::size_t MarkLength(std::string_view lower) {
  constexpr std::size_t kLongestMark = 48;
  for (const std::string_view mark : kTemplateMarks) {
    if (lower.starts_with(mark)) return mark.size();
  }
  for (const std::string_view bar : {"|", "\xEF\xBD\x9C"}) {
    if (!lower.starts_with('<') || !lower.substr(1).starts_with(bar)) continue;
    const std::size_t end = lower.substr(0, kLongestMark).find(std::string(bar) + ">", 1 + bar.size());
    if (end != kNowhere) return end + bar.size() + 1;
  }
  return 0;
}

/// Whether no word is left of `text`: nothing but marks, a name of nothing, or ASCII's signs alone. The last is what a
/// model writes whose numbers have overflowed ("!!!!!!"), and what is left of an empty list, object or code block.
bool SaysNothing(std::string_view said) {
  const std::string lower = AsciiLower(said);
  std::string_view text = Trim(lower);
  for (std::size_t length = MarkLength(text); length > 0; length = MarkLength(text)) {
    text = Trim(text.substr(length));
    for (const std::string_view speaker : kSpeakers) {
      if (text.starts_with(speaker) &&
          (text.size() == speaker.size() || MarkLength(Trim(text.substr(speaker.size()))) > 0))
        text = Trim(text.substr(speaker.size()));
    }
  }
  for (const std::string_view sign : {"\xEF\xBF\xBD", "\xE2\x80\xA6", "\xE3\x80\x82"}) {  // no character, dots
    while (text.starts_with(sign)) text = Trim(text.substr(sign.size()));
  }
  if (IsBlank(text) || std::ranges::find(kNothings, text) != kNothings.end()) return true;
  return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80U && std::isalnum(c) == 0; });
}

NoAnswer OfCalls(const ModelReply& reply) {
  // A call of a reply that was cut off may lack arguments that it would have had.
  if (reply.finish == FinishReason::kLength) return NoAnswer::kCallCut;
  return std::ranges::any_of(reply.calls, IsCut) ? NoAnswer::kCallCut : NoAnswer::kNone;
}

NoAnswer WhyNoAnswer(const std::vector<ToolSchema>& tools, const ModelReply& reply) {
  if (reply.finish == FinishReason::kError) return NoAnswer::kFailed;
  if (reply.finish == FinishReason::kRefusal) return NoAnswer::kRefused;
  if (reply.finish == FinishReason::kContentFilter) return NoAnswer::kFiltered;
  if (!reply.calls.empty()) return OfCalls(reply);
  if (LooksLikeCall(reply.text, tools)) return NoAnswer::kCallInText;
  if (reply.finish == FinishReason::kLength) return NoAnswer::kLength;
  if (AsciiLower(reply.finish_reason) == "pause_turn") return NoAnswer::kPaused;
  if (reply.finish == FinishReason::kToolCalls) {
    return IsBlank(reply.text) && LooksLikeCall(reply.reasoning, tools) ? NoAnswer::kCallInThought
                                                                        : NoAnswer::kCallsMissing;
  }
  if (LostACall(reply.finish_reason)) return NoAnswer::kCallsMissing;
  // A word that nobody knows may say that the reply was cut: to call it an answer would be a guess in the agent's
  // favour.
  if (reply.finish == FinishReason::kUnknown && !reply.finish_reason.empty()) return NoAnswer::kUnfinished;
  if (!SaysNothing(reply.text)) return NoAnswer::kNone;
  if (LooksLikeCall(reply.reasoning, tools)) return NoAnswer::kCallInThought;
  return IsBlank(reply.reasoning) ? NoAnswer::kEmpty : NoAnswer::kOnlyThought;
}

/// Whole and certain calls only: of a reply that was cut off nobody knows what it would have said.
void ParseCalls(const std::vector<ToolSchema>& tools, ModelReply& reply) {
  const bool sound = reply.finish != FinishReason::kLength && reply.finish != FinishReason::kError &&
                     reply.finish != FinishReason::kContentFilter && reply.finish != FinishReason::kRefusal;
  if (!reply.calls.empty() || !sound || !LooksLikeCall(reply.text, tools)) return;
  auto found = ReadTextCalls(reply.text, tools);
  if (!found) return;
  reply.calls = std::move(found->calls);
  reply.text = std::move(found->before);
  if (reply.kept.is_object()) reply.kept.Erase("content");
}

}  // namespace

FinishReason ReadFinish(std::string_view word) {
  const std::string lower = AsciiLower(word);
  std::string_view bare = lower;
  for (const std::string_view name : {"finishreason.", "finish_reason_"}) {  // as enums of Python and protobuf print
    if (bare.starts_with(name)) bare.remove_prefix(name.size());
  }
  const auto known = std::ranges::find(kFinishWords, bare, &FinishWord::word);
  return known == kFinishWords.end() ? FinishReason::kUnknown : known->reason;
}

bool LostACall(std::string_view word) {
  const std::string lower = AsciiLower(word);
  return ReadFinish(word) == FinishReason::kUnknown &&
         (lower.find("function_call") != std::string::npos || lower.find("tool_call") != std::string::npos ||
          lower.find("malformed_tool") != std::string::npos);
}

bool GuardrailIntervened(const Json& body) {
  return body.StringOr("amazon-bedrock-guardrailAction", "") == "INTERVENED";
}

bool TakeThought(ModelReply& reply) {
  SplitText split = SplitThought(reply.text);
  if (split.said == reply.text && split.thought.empty()) return false;
  reply.text = std::move(split.said);
  if (split.thought.empty()) return true;
  if (!reply.reasoning.empty()) reply.reasoning += "\n\n";
  reply.reasoning += split.thought;
  return true;
}

void SettleReply(const ModelRequest& request, bool parse_calls, ModelReply& reply) {
  const std::optional<std::vector<ToolSchema>> renamed = WithLegalNames(request.tools);
  const std::vector<ToolSchema>& tools = renamed ? *renamed : *request.tools;
  if (parse_calls) ParseCalls(tools, reply);
  RestoreToolNames(request, reply.calls);
  MakeIdsUnique(request, reply.calls);
  reply.no_answer = WhyNoAnswer(tools, reply);
}

ModelReply BlockedReply(std::string_view words) {
  ModelReply reply;
  reply.finish_reason = "prompt_blocked";
  reply.finish = FinishReason::kContentFilter;
  reply.refusal = words;
  reply.no_answer = NoAnswer::kBlocked;
  reply.usage.calls = 1;
  return reply;
}

ModelReply BrokenCallReply(const ModelRequest& request, std::string_view written) {
  ModelReply reply;
  reply.finish_reason = "tool_use_failed";
  reply.finish = FinishReason::kToolCalls;
  const auto read = ReadTextCalls(written, WithLegalNames(request.tools).value_or(*request.tools));
  ToolCall& call = reply.calls.emplace_back();
  call.name = read ? read->calls.front().name : "unreadable_call";
  call.arguments = Json(written.empty() ? std::string_view("(unreadable)") : written);
  RestoreToolNames(request, reply.calls);
  MakeIdsUnique(request, reply.calls);
  reply.usage.calls = 1;
  reply.usage.prompt_tokens = EstimatedTokens(request);
  reply.usage.completion_tokens = static_cast<std::int64_t>(written.size() / 4);
  return reply;
}

std::int64_t EstimatedTokens(const ModelRequest& request) {
  std::size_t characters = request.system->size();
  for (const Message& message : request.messages) characters += message.text.size();
  for (const ToolSchema& tool : *request.tools) characters += tool.description.size() + 200;
  return static_cast<std::int64_t>(characters / 4);
}

std::optional<TokenCounts> CountsOf(const Json& body, const ModelReply& reply) {
  auto counts = ReadTokenCounts(body);
  const bool spoke = !IsBlank(reply.text) || !reply.calls.empty();
  if (counts && counts->completion == 0 && spoke) counts.reset();
  return counts;
}

Usage UsageOf(const std::optional<TokenCounts>& counts) {
  Usage usage;
  usage.calls = 1;
  usage.tokens_known = usage.cost_known = counts.has_value();
  if (!counts) return usage;
  usage.prompt_tokens = counts->prompt;
  usage.completion_tokens = counts->completion;
  usage.cached_tokens = counts->cached;
  usage.written_tokens = counts->written;
  return usage;
}

}  // namespace xsweep
