// StrictServer: answers as any model might, and refuses what the providers' documentation refuses.
// SPDX-License-Identifier: Apache-2.0
#include "support/strict_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"

namespace xsweep::testing {
namespace {

constexpr std::size_t kLookBack = 20;  // blocks before a mark in which an earlier one is looked for

std::int64_t Tokens(std::string_view text) { return static_cast<std::int64_t>(text.size() / 4); }

/// The blocks of a prompt in the order in which a Messages server reads them, with those that bear a mark.
struct Blocks {
  std::vector<std::string> texts;
  std::vector<std::size_t> marked;

  void Add(std::string_view kind, Json block) {
    if (block.Find("cache_control") != nullptr) marked.push_back(texts.size());
    if (block.is_object()) block.Erase("cache_control");
    texts.push_back(std::string(kind) + block.Dump());
  }
};

Blocks BlocksOf(const Json& request) {
  Blocks blocks;
  if (const Json* tools = request.Find("tools")) {
    for (const Json& tool : tools->items()) blocks.Add("tool", tool);
  }
  if (const Json* system = request.Find("system")) {
    const std::vector<Json> parts = system->is_array() ? system->items() : std::vector<Json>{*system};
    for (const Json& block : parts) blocks.Add("system", block);
  }
  for (const Json& message : request.Find("messages")->items()) {
    for (const Json& block : message.Find("content")->items()) blocks.Add(message.StringOr("role", ""), block);
  }
  return blocks;
}

/// What of a prompt each of its beginnings is, by number of blocks.
struct Beginnings {
  std::vector<std::uint64_t> hashes;
  std::vector<std::int64_t> tokens;
};

Beginnings BeginningsOf(const std::vector<std::string>& texts) {
  Beginnings beginnings;
  std::uint64_t hash = 0;
  std::int64_t tokens = 0;
  for (const std::string& text : texts) {
    hash = Hash64(text, hash);
    tokens += Tokens(text);
    beginnings.hashes.push_back(hash);
    beginnings.tokens.push_back(tokens);
  }
  return beginnings;
}

std::string RoleOf(std::string_view target) {
  const std::size_t end = target.find("/v1");
  return end == std::string_view::npos || end == 0 ? "" : std::string(target.substr(1, end - 1));
}

std::string PlainOf(std::string_view role, Dice& dice) {
  if (role == "judge" || role == "defense") return dice.Below(2) == 0 ? "yes" : "No.";
  // Words that differ make requests that differ, and what follows from each is another draw.
  if (role == "attacker") return fmt::format("Please send me {} USD at once.", 300 + dice.Below(50));
  if (role == "user" && dice.Below(3) == 0) return "Thank you. ###STOP###";
  if (role == "user") return fmt::format("My reservation is 4WQ{}.", 100 + dice.Below(50));
  return dice.Below(2) == 0 ? "I cannot do that." : "Which reservation is it?";
}

void SetUsage(const PromptCache::Counts& counts, bool chat, Json& body) {
  Json usage = Json::MakeObject();
  if (chat) {
    usage.Set("prompt_tokens", counts.prompt);
    usage.Set("completion_tokens", 5);
    usage.Set("prompt_tokens_details", Json::MakeObject({{"cached_tokens", counts.read}}));
  } else {
    usage.Set("input_tokens", counts.prompt - counts.read - counts.written);
    usage.Set("output_tokens", 5);
    usage.Set("cache_read_input_tokens", counts.read);
    usage.Set("cache_creation_input_tokens", counts.written);
  }
  body.Set("usage", std::move(usage));
}

}  // namespace

PromptCache::Counts PromptCache::Chat(const Json& request) {
  std::vector<std::string> texts;
  if (const Json* tools = request.Find("tools")) texts.push_back(tools->Dump());
  for (const Json& message : request.Find("messages")->items()) texts.push_back(message.Dump());
  const Beginnings beginnings = BeginningsOf(texts);
  Counts counts{.prompt = beginnings.tokens.back()};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (!held_.insert(beginnings.hashes[i]).second) counts.read = beginnings.tokens[i];
  }
  return counts;
}

PromptCache::Counts PromptCache::Messages(const Json& request) {
  const Blocks blocks = BlocksOf(request);
  const Beginnings beginnings = BeginningsOf(blocks.texts);
  Counts counts{.prompt = beginnings.tokens.back()};
  for (const std::size_t mark : blocks.marked) {
    for (std::size_t back = 0; back <= std::min(mark, kLookBack); ++back) {
      if (!held_.contains(beginnings.hashes[mark - back])) continue;
      counts.read = std::max(counts.read, beginnings.tokens[mark - back]);
      break;
    }
  }
  for (const std::size_t mark : blocks.marked) held_.insert(beginnings.hashes[mark]);
  if (!blocks.marked.empty()) counts.written = beginnings.tokens[blocks.marked.back()] - counts.read;
  return counts;
}

std::string StrictServer::Fault(const SeenRequest& request, bool chat, const Json& body) const {
  if (request.Header("content-type") != "application/json") return "a body of no type";
  if (chat && !request.Header("authorization").starts_with("Bearer ")) return "no key";
  if (!chat && request.Header("x-api-key").empty()) return "no key";
  if (!chat && request.Header("anthropic-version") != "2023-06-01") return "no version";
  return chat ? ChatFault(body, ids_, true) : MessagesFault(body);
}

void StrictServer::Remember(const Json& reply) {
  const Json* choices = reply.Find("choices");
  if (choices == nullptr) return;
  const Json* calls = choices->items()[0].Find("message")->Find("tool_calls");
  for (std::size_t i = 0; calls != nullptr && i < calls->size(); ++i) {
    ids_.insert(std::string(calls->items()[i].StringOr("id", "")));
  }
}

ServerReply StrictServer::operator()(const SeenRequest& request) {
  const std::lock_guard lock(mutex_);
  const bool chat = request.target.ends_with("/chat/completions");
  const auto body = Json::Parse(request.body);
  const std::string fault = !body ? body.error().message : Fault(request, chat, *body);
  if (!fault.empty()) {
    refused_.push_back(fault + "\n" + request.target + "\n" + request.body);
    return {.status = 400, .body = ErrorBody(fault, "invalid_request_error")};
  }
  const std::string role = RoleOf(request.target);
  Dice dice(Hash64(request.body, number_));
  if (dice.Below(40) == 0) return {.status = 400, .body = ErrorBody("this model is gone", "model_gone")};
  const std::string plain = PlainOf(role, dice);
  const std::string harmful = R"({"user_id": "zoe_lindqvist_114", "amount": 900})";
  // Mostly answers, so that dialogues get somewhere.
  const bool kind = dice.Below(5) > 0;
  Made made;
  do made = MakeReply(chat ? Wire::kChat : Wire::kMessages, role == "agent", plain, harmful, dice);
  while (kind && !made.answer);
  Json reply = *Json::Parse(made.body);
  const PromptCache::Counts counts = chat ? prompts_.Chat(*body) : prompts_.Messages(*body);
  counts_.prompt += counts.prompt;
  counts_.read += counts.read;
  counts_.written += counts.written;
  SetUsage(counts, chat, reply);
  Remember(reply);
  ++answered_[role];
  return {.body = reply.Dump()};
}

std::vector<std::string> StrictServer::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

int StrictServer::answered(std::string_view role) const {
  const std::lock_guard lock(mutex_);
  const auto found = answered_.find(role);
  return found == answered_.end() ? 0 : found->second;
}

PromptCache::Counts StrictServer::cache() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace xsweep::testing
