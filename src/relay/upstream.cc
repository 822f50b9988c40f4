// Upstream: passing requests on.
// SPDX-License-Identifier: Apache-2.0
#include "relay/upstream.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.h"

namespace xsweep {
namespace {

// What belongs to a connection; `accept-encoding` because what passes is read here too.
constexpr std::array<std::string_view, 14> kOfConnection = {"host",
                                                            "connection",
                                                            "content-length",
                                                            "transfer-encoding",
                                                            "keep-alive",
                                                            "upgrade",
                                                            "te",
                                                            "expect",
                                                            "trailer",
                                                            "proxy-connection",
                                                            "proxy-authorization",
                                                            "proxy-authenticate",
                                                            "accept-encoding",
                                                            "forwarded"};
constexpr const char* kOpenAiKey = "OPENAI_API_KEY";
constexpr const char* kAnthropicKey = "ANTHROPIC_API_KEY";
constexpr std::array<std::string_view, 4> kKeys = {"authorization", "x-api-key", "api-key", "cookie"};

bool OfConnection(std::string_view name) { return std::ranges::find(kOfConnection, name) != kOfConnection.end(); }

bool OfTransport(std::string_view name) {
  return OfConnection(name) || name == "content-encoding" || name == "content-type" ||
         name == "x-content-type-options" || name == "set-cookie";
}

Expected<Secret> KeyOf(const UpstreamSettings& settings, Wire wire, const std::string& base) {
  const bool anthropic = wire == Wire::kMessages;
  const std::string name = !settings.key_env.empty() ? settings.key_env : anthropic ? kAnthropicKey : kOpenAiKey;
  if (std::getenv(name.c_str()) == nullptr && IsLoopback(base)) return Secret();  // NOLINT(concurrency-mt-unsafe)
  return Secret::FromEnvironment(name);
}

}  // namespace

Status CheckUpstreamKey(const std::string& base, const std::string& key_env) {
  if (!base.empty() && IsLoopback(base)) return {};
  const auto key = Secret::FromEnvironment(key_env.empty() ? kOpenAiKey : key_env);
  if (key || (key_env.empty() && Secret::FromEnvironment(kAnthropicKey))) return {};
  const std::string other =
      key_env.empty() ? std::string(", or ") + kAnthropicKey + " where the agent speaks Anthropic's wire" : "";
  return UserError(key.error().Text() + other);
}

Expected<HttpRequest> PassOn(const UpstreamSettings& settings, Wire wire, std::string_view rest,
                             const WebRequest& request, std::string body) {
  const bool anthropic = wire == Wire::kMessages;
  std::string base = !settings.base.empty() ? settings.base
                     : anthropic            ? "https://api.anthropic.com"
                                            : "https://api.openai.com";
  while (base.ends_with('/')) base.pop_back();
  HttpRequest out;
  TRY_ASSIGN(const Secret key, KeyOf(settings, wire, base));
  out.method = request.method;
  out.url = base + (rest.starts_with("/v1/") ? "" : "/v1") + std::string(rest);
  if (!request.query.empty()) out.url += "?" + request.query;
  for (const auto& [name, value] : request.headers)
    if (!OfConnection(name) && std::ranges::find(kKeys, name) == kKeys.end()) out.headers.push_back({name, value});
  if (!key.empty())
    out.secret_headers.push_back(anthropic ? SecretHeader{"x-api-key", "", key}
                                           : SecretHeader{"Authorization", "Bearer ", key});
  out.body = std::move(body);
  out.timeouts = settings.timeouts;
  out.route.proxy_from_environment = true;
  out.route.decode = true;  // what passes is read here, also from a gateway that compresses unasked
  return out;
}

PassedHead PassBack(const std::vector<HttpHeader>& headers) {
  PassedHead head;
  for (const HttpHeader& header : headers) {
    if (header.name == "content-type") head.type = header.value;
    if (header.name == "cache-control") {
      head.headers.emplace_back("Cache-Control", header.value);
    } else if (!OfTransport(header.name)) {
      head.headers.emplace_back(header.name, header.value);
    }
  }
  return head;
}

}  // namespace xsweep
