// Words with which agents' programs and frameworks end in place of an answer.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/failure_words.h"

#include <algorithm>

#include "base/characters.h"

namespace xsweep {
namespace {

constexpr std::string_view kOpenings[] = {
    "API Error: ",  // Claude Code
    "API Error (",
    "[API Error: ",  // Gemini's and Qwen's command lines
    "Claude AI usage limit reached",
    "You have reached your specified API usage limits",
    "Error: Reached max turns",
    "Error: AI_",  // OpenCode
    "Error: Model not found",
    "ERROR: ",  // Codex
    "stream error: ",
    "stream disconnected before completion",
    "Error code: ",                                    // OpenAI's SDK
    "Agent stopped due to ",                           // LangChain
    "Sorry, need more steps to process this request",  // LangGraph
    "Reached max steps",                               // smolagents
    "Traceback (most recent call last):",
};
constexpr std::string_view kWhole[] = {"Execution error", "Credit balance is too low", "Prompt is too long"};

/// "openai.APIConnectionError: Connection error.": an exception of a program, printed.
bool IsException(std::string_view words) {
  const std::string_view name = words.substr(0, words.find_first_of(": \n"));
  const bool named = name.size() > 5 && (name.ends_with("Error") || name.ends_with("Exception"));
  return named && words.substr(name.size()).starts_with(": ") && std::ranges::all_of(name, [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
         });
}

/// "You've hit your limit · resets 1pm (Europe/Lisbon)", "Invalid API key · Please run /login": of Claude Code.
bool IsNotice(std::string_view words) {
  if (words.find('\n') != std::string_view::npos) return false;
  const bool limit = words.starts_with("You've hit your ") || words.starts_with("You're out of ");
  return (limit && words.find(" resets ") != std::string_view::npos) || words.ends_with("Please run /login") ||
         words.starts_with("You've hit your usage limit.");
}

}  // namespace

bool SaysItFailed(std::string_view words) {
  words = Trim(words);
  std::string_view bare = words;
  if (bare.ends_with('.')) bare.remove_suffix(1);
  return std::ranges::any_of(kOpenings, [&](std::string_view opening) { return words.starts_with(opening); }) ||
         std::ranges::find(kWhole, bare) != std::end(kWhole) || IsException(words) || IsNotice(words);
}

}  // namespace xsweep
