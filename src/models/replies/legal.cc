// Legal: names and ids as servers take them.
// SPDX-License-Identifier: Apache-2.0
#include "models/replies/legal.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/characters.h"
#include "base/hash.h"
#include "episode/refused.h"

namespace xsweep {
namespace {

constexpr std::size_t kLongestName = 64;

constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (const unsigned char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"))
    plain[c] = true;
  return plain;
}();

bool IsPlain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

/// White space of ASCII and Unicode, and characters of no width: soft hyphen, joiners, marks of direction, the byte
/// order mark.
bool ShowsNothing(char32_t c) {
  constexpr char32_t kSingle[] = {' ',    0x85,   0xA0,   0xAD,   0x1680, 0x180E, 0x2028,
                                  0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF};
  return (c >= '\t' && c <= '\r') || (c >= 0x2000 && c <= 0x200F) || std::ranges::find(kSingle, c) != std::end(kSingle);
}

bool IsLegal(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, IsPlain);
}

std::string Plain(std::string_view text) {
  std::string plain(text);
  std::ranges::replace_if(plain, [](char c) { return !IsPlain(c); }, '_');
  return plain;
}

std::string LegalName(std::string_view name) {
  if (name.empty()) return "unnamed";
  return Plain(name.substr(0, kLongestName));
}

std::string MarkedName(std::string_view name, std::size_t number) {
  const std::string mark = ShortHash(fmt::format("{}/{}", number, name)).substr(0, 8);
  return fmt::format("{}_{}", Plain(name.substr(0, kLongestName - mark.size() - 1)), mark);
}

/// The name without what templates leave around it: blanks and quotes, a namespace, the mark of a channel, a number.
std::string_view BareName(std::string_view name) {
  name = name.substr(0, std::min(name.find("<|"), name.size()));
  name = Trim(name, " \t\r\n\"'`");
  for (const std::string_view space : {"functions.", "default_api.", "tools.", "tool."}) {
    if (name.starts_with(space)) name.remove_prefix(space.size());
  }
  const std::size_t colon = name.rfind(':');
  const bool numbered = colon != std::string_view::npos && colon + 1 < name.size() &&
                        name.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  if (numbered) name = name.substr(0, colon);
  if (name.ends_with("()")) name.remove_suffix(2);
  return name;
}

}  // namespace

bool IsBlank(std::string_view text) {
  while (!text.empty()) {
    const auto [character, length] = FirstCharacter(text);
    if (!ShowsNothing(character)) return false;
    text.remove_prefix(length);
  }
  return true;
}

LegalNames::LegalNames(const std::vector<ToolSchema>& tools) {
  const auto illegal = [](const ToolSchema& tool) { return !IsLegal(tool.name); };
  if (std::ranges::none_of(tools, illegal)) return;
  std::unordered_map<std::string, int> wanted;
  for (const ToolSchema& tool : tools) ++wanted[LegalName(tool.name)];
  for (const ToolSchema& tool : tools) {
    if (!illegal(tool) || changed_.contains(tool.name)) continue;
    std::string legal = LegalName(tool.name);
    if (wanted[legal] > 1) {
      std::size_t n = 0;
      do legal = MarkedName(tool.name, n++);
      while (!wanted.emplace(legal, 1).second);
    }
    changed_.emplace(tool.name, std::move(legal));
  }
}

std::string LegalNames::Of(std::string_view name) const {
  const auto found = changed_.find(name);
  return found == changed_.end() ? LegalName(name) : found->second;
}

std::optional<std::vector<ToolSchema>> WithLegalNames(const std::vector<ToolSchema>& tools) {
  const LegalNames names(tools);
  if (!names.changes_any()) return std::nullopt;
  std::vector<ToolSchema> all = tools;
  for (const ToolSchema& tool : tools) {
    std::string legal = names.Of(tool.name);
    if (legal == tool.name) continue;
    all.push_back(tool);
    all.back().name = std::move(legal);
  }
  return all;
}

void RestoreToolNames(const ModelRequest& request, std::vector<ToolCall>& calls) {
  if (calls.empty()) return;
  const LegalNames names(request.tools);
  for (ToolCall& call : calls) {
    const auto is_called = [&](const ToolSchema& tool) { return tool.name == call.name; };
    const auto is_meant = [&](const ToolSchema& tool) { return names.Of(tool.name) == call.name; };
    if (std::ranges::any_of(*request.tools, is_called)) continue;
    auto meant = std::ranges::find_if(*request.tools, is_meant);
    if (meant == request.tools->end())
      meant = std::ranges::find(*request.tools, BareName(call.name), &ToolSchema::name);
    if (meant != request.tools->end()) call.name = meant->name;
  }
}

std::string MakeCallId(std::string_view seed, std::size_t number) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::uint64_t left = Hash64(seed, number);
  std::string id;
  for (int i = 0; i < 9; ++i, left /= kDigits.size()) id += kDigits[left % kDigits.size()];
  return id;
}

void MakeIdsUnique(const ModelRequest& request, std::vector<ToolCall>& calls) {
  if (calls.empty()) return;
  std::unordered_set<std::string_view> taken;
  for (const Message& message : request.messages) {
    for (const ToolCall& call : message.calls) taken.insert(call.id);
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    // An id that means something to us is not for a server to give.
    const bool ours = calls[i].id.starts_with(kRefusedByAgent);
    if (!calls[i].id.empty() && !ours && taken.insert(calls[i].id).second) continue;
    const std::string seed = fmt::format("{}/{}/{}", calls[i].id, request.identity.turn, i);
    std::size_t n = 0;
    do calls[i].id = MakeCallId(seed, n++);
    while (!taken.insert(calls[i].id).second);
  }
}

LegalIds::LegalIds(const std::vector<Message>& messages) {
  const auto illegal = [](const ToolCall& call) { return call.id.empty() || !std::ranges::all_of(call.id, IsPlain); };
  const auto concerned = [&](const Message& message) { return std::ranges::any_of(message.calls, illegal); };
  if (std::ranges::none_of(messages, concerned)) return;
  std::unordered_set<std::string> taken;
  for (const Message& message : messages) {
    for (const ToolCall& call : message.calls) taken.insert(call.id);
  }
  for (const Message& message : messages) {
    for (const ToolCall& call : message.calls) {
      if (!illegal(call) || changed_.contains(call.id)) continue;
      std::string legal = Plain(call.id);
      for (std::size_t n = 0; legal.empty() || taken.contains(legal); ++n) legal = MakeCallId(call.id, n);
      taken.insert(legal);
      changed_.emplace(call.id, std::move(legal));
    }
  }
}

std::string_view LegalIds::Of(const std::string& id) const {
  const auto found = changed_.find(id);
  return found == changed_.end() ? std::string_view(id) : std::string_view(found->second);
}

}  // namespace xsweep
