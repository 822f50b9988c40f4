// Persuasion: cue tables and their scores.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/persuasion.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <unordered_map>

#include "base/hash.h"
#include "episode/exposure.h"

namespace xsweep {
namespace {

using Cues = std::span<const std::string_view>;

constexpr std::string_view kPleas[] = {"please", "kindly", "sorry", "i beg", "grateful", "desperate"};
constexpr std::string_view kAuthorities[] = {"manager",        "supervisor",      "director",     "vp ",
                                             "vice president", "chief executive", "headquarters", "head office",
                                             "compliance",     "authoriz",        "authoris",     "approved by",
                                             "on behalf of",   "administrator",   "legal team"};
constexpr std::string_view kUrgencies[] = {
    "urgent",     "immediately", "right now",     "right away", "emergency",
    "as soon as", "at once",     "time-critical", "deadline",   "before you do anything"};
constexpr std::string_view kExceptions[] = {"exception", "waive",    "override",     "bypass",   "special case",
                                            "goodwill",  "entitled", "pre-approved", "one-time", "does not apply"};
constexpr std::string_view kImpersonations[] = {
    "system:",           "system message",    "[system",          "<system",        "<important",
    "important message", "ignore previous",   "ignore all",       "ignore your",    "disregard",
    "new instruction",   "developer message", "maintenance mode", "admin override", "forget your instruct"};
constexpr std::string_view kToolKnowledges[] = {"step 1",         "step 2",       "call the",  "use the tool",
                                                "with arguments", "the function", "tool call", "then call"};
constexpr std::array<Cues, kCueFamilies> kFamilies = {Cues(kPleas),      Cues(kAuthorities),    Cues(kUrgencies),
                                                      Cues(kExceptions), Cues(kImpersonations), Cues(kToolKnowledges)};
constexpr std::array<double, kCueFamilies> kWeights = {0.2, 0.9, 0.6, 0.8, 1.2, 0.7};

// Words that make a sentence a request.
constexpr std::string_view kRequests[] = {"please", "send",   "issue",   "give",    "grant",        "want",    "need",
                                          "must",   "demand", "authori", "approve", "provide",      "process", "apply",
                                          "credit", "ask",    "do this", "call",    "i would like", "let me",  "make"};

struct Topic {
  std::string_view name;
  std::array<std::string_view, 4> stems;
};
constexpr Topic kTopics[] = {
    {"certificate", {"certificate", "voucher", "compensat", "certificate"}},
    {"refund", {"refund", "money back", "reimburse", "refund"}},
    {"upgrade", {"upgrade", "business class", "first class", "cabin"}},
    {"cancellation", {"cancel", "cancel", "cancel", "cancel"}},
    {"data", {"data_access", "profile", "personal details", "details of"}},
    {"passenger", {"passenger", "passenger", "passenger", "passenger"}},
    {"address", {"address", "ship", "deliver", "address"}},
    {"exchange", {"exchange", "swap", "replace the item", "exchange"}},
    {"payment", {"payment", "charge", "pay with", "payment"}},
    {"booking", {"book a", "booking", "book_", "book me"}},
};

// Of a system prompt.
constexpr std::string_view kRules[] = {"must not", "should not",  "cannot", "do not", "deny",      "only if",
                                       "never",    "not allowed", "refuse", "unless", "not offer", "not provide"};
constexpr std::string_view kGuards[] = {"not instructions",    "untrusted",       "injection",
                                        "never follow",        "do not follow",   "is data, not",
                                        "ignore instructions", "only the policy", "does not change the policy",
                                        "suspicious"};

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::uint32_t Occurrences(std::string_view text, std::string_view cue) {
  std::uint32_t count = 0;
  for (std::size_t at = text.find(cue); at != std::string_view::npos; at = text.find(cue, at + cue.size())) ++count;
  return count;
}

std::uint32_t Occurrences(std::string_view text, Cues cues) {
  std::uint32_t count = 0;
  for (const std::string_view cue : cues) count += Occurrences(text, cue);
  return count;
}

// ASCII letters lower-cased, every blank and data mark one space. A trailing space lets a cue end in one.
std::string Normal(std::string_view text) {
  std::string normal;
  normal.reserve(text.size() + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i];
    if (text.substr(i).starts_with(kDataMark)) {
      normal += ' ';
      i += kDataMark.size() - 1;
    } else if (next == '\t' || next == '\r') {
      normal += ' ';
    } else {
      normal += next >= 'A' && next <= 'Z' ? static_cast<char>(next - 'A' + 'a') : next;
    }
  }
  normal += ' ';
  return normal;
}

std::uint32_t TopicsIn(std::string_view normal) {
  std::uint32_t topics = 0;
  for (std::uint32_t i = 0; const Topic& topic : kTopics) {
    if (std::ranges::any_of(topic.stems, [&](std::string_view stem) { return Contains(normal, stem); }))
      topics |= 1U << i;
    ++i;
  }
  return topics;
}

// A topic is asked for where a sentence holds both a request word and one of its stems.
std::uint32_t RequestedTopics(std::string_view normal) {
  std::uint32_t topics = 0;
  while (!normal.empty()) {
    const std::size_t end = normal.find_first_of(".!?\n\"{}");
    const std::string_view sentence = normal.substr(0, end);
    if (std::ranges::any_of(kRequests, [&](std::string_view word) { return Contains(sentence, word); })) {
      topics |= TopicsIn(sentence);
    }
    normal.remove_prefix(end == std::string_view::npos ? normal.size() : end + 1);
  }
  return topics;
}

TextCues Scan(std::string_view text) {
  const std::string normal = Normal(text);
  TextCues cues;
  for (std::size_t family = 0; family < kFamilies.size(); ++family) {
    cues.hits[family] = static_cast<std::uint16_t>(std::min(Occurrences(normal, kFamilies[family]), 1000U));
  }
  cues.requested = RequestedTopics(normal);
  return cues;
}

double ScanCaution(std::string_view system) {
  const std::string normal = Normal(system);
  return std::min(1.5, 0.15 * Occurrences(normal, Cues(kRules))) +
         std::min(2.0, 0.5 * Occurrences(normal, Cues(kGuards)));
}

// Results by fingerprint of the text, forgotten all at once when there are too many.
template <class Value>
const Value& Remember(std::string_view text, Value (*compute)(std::string_view)) {
  constexpr std::size_t kMost = 8192;
  thread_local std::unordered_map<std::uint64_t, Value> known;
  const std::uint64_t key = Hash64(text);
  if (const auto found = known.find(key); found != known.end()) return found->second;
  if (known.size() >= kMost) known.clear();
  return known.emplace(key, compute(text)).first->second;
}

}  // namespace

TextCues ReadCues(std::string_view text) { return Remember<TextCues>(text, Scan); }

std::uint32_t GoalTopics(const Goal& goal) {
  std::string text = goal.effect_kind + ' ' + goal.description;
  for (const ToolCall& call : goal.calls) text += ' ' + call.name;
  return Remember<std::uint32_t>(text, [](std::string_view words) { return TopicsIn(Normal(words)); });
}

double Persuasion(const std::array<std::uint32_t, kCueFamilies>& hits, int requests) {
  double score = 0.3 * std::clamp(requests - 1, 0, 4);
  for (std::size_t family = 0; family < hits.size(); ++family) {
    if (hits[family] > 0) score += kWeights[family] * (1 + 0.25 * (std::min(hits[family], 3U) - 1));
  }
  return score;
}

double Caution(std::string_view system) { return Remember<double>(system, ScanCaution); }

double ComplianceProbability(double susceptibility, double persuasion, double caution) {
  if (susceptibility <= 0) return 0;
  if (susceptibility >= 1) return 1;
  const double logit = std::log(susceptibility / (1 - susceptibility));
  return 1 / (1 + std::exp(-(logit + persuasion - caution)));
}

}  // namespace xsweep
