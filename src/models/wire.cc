// What the HTTP providers share: sending a request, sorting failures, reading replies without trusting them.
// SPDX-License-Identifier: Apache-2.0
#include "models/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "base/draw.h"

namespace xsweep {
namespace {

constexpr std::size_t kQuoted = 300;

/// The server's own words about a failure: the usual places of an error message, or the start of the body.
std::string ServerWords(std::string_view body) {
  std::string words;
  if (const auto json = Json::Parse(body); json && json->is_object()) {
    const Json* error = json->Find("error");
    if (error != nullptr && error->is_string()) words = error->AsString();
    if (error != nullptr) words = error->StringOr("message", words);
    if (words.empty()) words = json->StringOr("message", json->StringOr("detail", ""));
  }
  if (words.empty()) words = body;
  std::ranges::replace_if(words, [](unsigned char c) { return c < ' '; }, ' ');
  if (words.size() > kQuoted) {
    std::size_t end = kQuoted;
    while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xC0U) == 0x80U) --end;  // whole characters only
    words.resize(end);
    words += "...";
  }
  return words.empty() ? "no message" : words;
}

bool QuotaIsGone(std::string_view body) { return body.find("insufficient_quota") != std::string_view::npos; }

AttemptOutcome OutcomeOf(int status, std::string_view body) {
  if (status == 429) return QuotaIsGone(body) ? AttemptOutcome::kFinal : AttemptOutcome::kRejected;
  if (status == 529) return AttemptOutcome::kRejected;  // Anthropic: overloaded
  if (status == 408 || status == 409 || status >= 500) return AttemptOutcome::kTransient;
  return AttemptOutcome::kFinal;
}

std::string_view Advice(int status) {
  switch (status) {
    case 401:
    case 403: return "; check the key in the environment variable that `api_key_env` names";
    case 404: return "; check `base_url` and `model`";
    default: return "";
  }
}

Attempt FailedAttempt(const HttpError& failure) {
  if (failure.failure == HttpFailure::kStopped) return {AttemptOutcome::kFinal, std::unexpected(failure.error)};
  const bool hopeless = failure.failure == HttpFailure::kRefused || failure.failure == HttpFailure::kTooLarge;
  return {hopeless ? AttemptOutcome::kFinal : AttemptOutcome::kTransient,
          EpisodeError(failure.error.message, failure.error.where)};
}

/// A key may have come back in a spelling that only parsing undid.
void ScrubReply(const Secret& secret, ModelReply& reply) {
  secret.Scrub(reply.text);
  secret.Scrub(reply.reasoning);
  secret.Scrub(reply.finish_reason);
  for (ToolCall& call : reply.calls) {
    secret.Scrub(call.id);
    secret.Scrub(call.name);
    const std::string before = call.arguments.Dump();
    std::string after = before;
    secret.Scrub(after);
    if (after != before) call.arguments = ReadArguments(after);
  }
}

}  // namespace

Async<Attempt> PostAndRead(Http& http, const Endpoint& endpoint, const ModelRequest& request, std::string body,
                           ReplyReader read) {
  HttpRequest call;
  call.method = "POST";
  call.url = endpoint.url;
  call.headers = endpoint.headers;
  call.secret_headers = endpoint.secret_headers;
  call.body = std::move(body);
  call.timeouts = endpoint.timeouts;
  call.max_response_bytes = endpoint.max_response_bytes;
  auto response = co_await http.Call(std::move(call));
  if (!response) co_return FailedAttempt(response.error());
  if (response->status < 200 || response->status >= 300) {
    std::string message = fmt::format("the server answered {}: {}{}", response->status, ServerWords(response->body),
                                      Advice(response->status));
    co_return Attempt{OutcomeOf(response->status, response->body), EpisodeError(std::move(message), endpoint.url),
                      ReadRetryAfter(*response)};
  }
  Expected<ModelReply> reply = read(response->body, request);
  if (!reply) {
    reply.error().where = endpoint.url;
    co_return Attempt{AttemptOutcome::kFinal, std::move(reply)};
  }
  for (const SecretHeader& header : endpoint.secret_headers) ScrubReply(header.secret, *reply);
  Usage& usage = reply->usage;
  usage.cost_known = usage.cost_known && endpoint.price.has_value();
  if (usage.cost_known) usage.cost_nano_usd = endpoint.price->CostNanoUsd(usage.prompt_tokens, usage.completion_tokens);
  co_return Attempt{AttemptOutcome::kAnswered, std::move(reply)};
}

std::optional<std::chrono::milliseconds> ReadRetryAfter(const HttpResponse& response) {
  double unit = 1;
  const std::string* text = response.Header("retry-after-ms");
  if (text == nullptr) {
    unit = 1000;
    text = response.Header("retry-after");
  }
  if (text == nullptr) return std::nullopt;
  double value = -1;
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (fault != std::errc{} || end != text->data() + text->size() || !(value >= 0 && value <= 1e6)) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(value * unit + 0.999));
}

Json ReadArguments(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Json::MakeObject();
  auto parsed = Json::Parse(text);
  if (parsed && parsed->is_object()) return std::move(*parsed);
  return Json(text);
}

Json WritableArguments(const Json& arguments) {
  return arguments.is_object() ? arguments : Json::MakeObject({{"invalid_json", arguments}});
}

void MakeIdsUnique(const ModelRequest& request, std::vector<ToolCall>& calls) {
  if (calls.empty()) return;
  std::unordered_set<std::string> taken;
  for (const Message& message : request.messages) {
    for (const ToolCall& call : message.calls) taken.insert(call.id);
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::string given = calls[i].id;
    for (std::size_t n = i; calls[i].id.empty() || !taken.insert(calls[i].id).second; ++n) {
      calls[i].id = fmt::format("{}_{}_{}", given.empty() ? "call" : given, request.identity.turn, n);
    }
  }
}

std::unexpected<Error> Malformed(std::string_view what) {
  return EpisodeError(fmt::format("the reply of the model server cannot be used: {}", what));
}

std::int64_t ServerSeed(const CallIdentity& identity) {
  return Draws(identity.seed, identity.task, identity.trial).Integer("server_seed", 0, 0, INT64_C(0x7FFFFFFF));
}

}  // namespace xsweep
