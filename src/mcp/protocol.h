// The Model Context Protocol's revisions, in one table of differences, with its codes and names.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// One dated revision. "Modern" ones have no handshake: every request carries its version and capabilities in `_meta`.
struct McpRevision {
  std::string_view version;
  bool modern = false;
  bool batches = false;      ///< an array of messages is a message
  bool annotations = false;  ///< tools carry hints
  bool structured = false;   ///< outputSchema, structuredContent and titles
};

/// Newest first.
inline constexpr std::array<McpRevision, 5> kMcpRevisions = {{
    {.version = "2026-07-28", .modern = true, .annotations = true, .structured = true},
    {.version = "2025-11-25", .annotations = true, .structured = true},
    {.version = "2025-06-18", .annotations = true, .structured = true},
    {.version = "2025-03-26", .batches = true, .annotations = true},
    {.version = "2024-11-05"},
}};
inline constexpr const McpRevision& kMcpModern = kMcpRevisions[0];
inline constexpr const McpRevision& kMcpNewestLegacy = kMcpRevisions[1];
/// What a client that never said its version is taken to speak.
inline constexpr const McpRevision& kMcpUnsaid = kMcpRevisions[3];

/// nullptr for a version that there is not.
const McpRevision* FindMcpRevision(std::string_view version);

/// Members of `_meta` that the protocol itself owns begin so.
inline constexpr std::string_view kMcpMeta = "io.modelcontextprotocol/";
inline std::string McpMeta(std::string_view name) { return std::string(kMcpMeta).append(name); }

// JSON-RPC's codes and those of revision 2026-07-28.
inline constexpr int kMcpNoJson = -32700;
inline constexpr int kMcpNoRequest = -32600;
inline constexpr int kMcpUnknownMethod = -32601;
inline constexpr int kMcpBadParams = -32602;
inline constexpr int kMcpFailed = -32603;
inline constexpr int kMcpHeaderMismatch = -32020;
inline constexpr int kMcpMissingCapability = -32021;
inline constexpr int kMcpUnsupportedVersion = -32022;

/// {"jsonrpc":"2.0","id":...,"result":...}
Json McpResult(const Json& id, Json result);
Json McpError(const Json& id, int code, std::string_view message, Json data = {});
Json McpNotification(std::string_view method, Json params);

/// `text` as a header holds it: what is not plain ASCII, or has blanks at its ends, in Base64.
std::string McpHeaderText(std::string_view text);
/// The value of a mirrored header: trimmed, and decoded when it says =?base64?...?=. Empty when that is no Base64 of
/// UTF-8.
std::optional<std::string> McpHeaderValue(std::string_view raw);

}  // namespace xsweep
