// The Model Context Protocol's revisions and shapes.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/protocol.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::string_view kOpen = "=?base64?";

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

std::string McpHeaderText(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
  const bool padded = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (plain && !padded && !text.starts_with(kOpen)) return std::string(text);
  return std::string(kOpen) + Base64(text) + "?=";
}

std::optional<std::string> McpHeaderValue(std::string_view raw) {
  while (!raw.empty() && (raw.front() == ' ' || raw.front() == '\t')) raw.remove_prefix(1);
  while (!raw.empty() && (raw.back() == ' ' || raw.back() == '\t')) raw.remove_suffix(1);
  if (!raw.starts_with(kOpen) || !raw.ends_with("?=") || raw.size() < kOpen.size() + 2) {
    const bool plain = std::ranges::all_of(raw, [](char c) { return c >= 32 && c < 127; });
    return plain ? std::optional(std::string(raw)) : std::nullopt;
  }
  auto decoded = DecodeBase64(raw.substr(kOpen.size(), raw.size() - kOpen.size() - 2));
  if (decoded && FindInvalidUtf8(*decoded)) return std::nullopt;
  return decoded;
}

}  // namespace xsweep
