// The Model Context Protocol's revisions and shapes.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/protocol.h"

#include <algorithm>

#include "base/text.h"

namespace xsweep {
namespace {

int Digit(char c) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const int padding = !last ? 0 : text.substr(i, 4).ends_with("==") ? 2 : text[i + 3] == '=' ? 1 : 0;
    unsigned bits = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const int digit = k >= 4U - static_cast<unsigned>(padding) ? 0 : Digit(text[i + k]);
      if (digit < 0) return std::nullopt;
      bits = bits << 6U | static_cast<unsigned>(digit);
    }
    for (int k = 0; k < 3 - padding; ++k) out += static_cast<char>(bits >> (16 - 8 * k) & 0xFFU);
  }
  return out;
}

}  // namespace

const McpRevision* FindMcpRevision(std::string_view version) {
  const auto* found = std::ranges::find(kMcpRevisions, version, &McpRevision::version);
  return found == kMcpRevisions.end() ? nullptr : found;
}

Json McpResult(const Json& id, Json result) {
  return Json::MakeObject({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
}

Json McpError(const Json& id, int code, std::string_view message, Json data) {
  Json error = Json::MakeObject({{"code", code}, {"message", message}});
  if (!data.is_null()) error.Set("data", std::move(data));
  return Json::MakeObject({{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(error)}});
}

Json McpNotification(std::string_view method, Json params) {
  return Json::MakeObject({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
}

std::optional<std::string> McpHeaderValue(std::string_view raw) {
  while (!raw.empty() && (raw.front() == ' ' || raw.front() == '\t')) raw.remove_prefix(1);
  while (!raw.empty() && (raw.back() == ' ' || raw.back() == '\t')) raw.remove_suffix(1);
  constexpr std::string_view kOpen = "=?base64?";
  if (!raw.starts_with(kOpen) || !raw.ends_with("?=") || raw.size() < kOpen.size() + 2) {
    const bool plain = std::ranges::all_of(raw, [](char c) { return c >= 32 && c < 127; });
    return plain ? std::optional(std::string(raw)) : std::nullopt;
  }
  auto decoded = DecodeBase64(raw.substr(kOpen.size(), raw.size() - kOpen.size() - 2));
  if (decoded && FindInvalidUtf8(*decoded)) return std::nullopt;
  return decoded;
}

}  // namespace xsweep
