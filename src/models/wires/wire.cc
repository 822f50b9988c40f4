// What the HTTP providers share: sending a request, sorting failures, reading replies without trusting them.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/wire.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/draw.h"
#include "models/replies/answer.h"
#include "models/replies/legal.h"
#include "models/replies/lenient.h"
#include "models/replies/stream.h"

namespace xsweep {
namespace {

Attempt FailedAttempt(const HttpError& failure) {
  if (failure.failure == HttpFailure::kStopped) return {AttemptOutcome::kFinal, std::unexpected(failure.error)};
  const bool hopeless = failure.failure == HttpFailure::kRefused || failure.failure == HttpFailure::kTooLarge;
  return {hopeless ? AttemptOutcome::kFinal : AttemptOutcome::kTransient,
          EpisodeError(failure.error.message, failure.error.where)};
}

Json Scrubbed(const Secret& secret, const Json& value) {
  if (value.is_null()) return value;
  const std::string before = value.Dump();
  std::string after = before;
  secret.Scrub(after);
  if (after == before) return value;
  auto read = ParseBody(after);
  return read ? std::move(*read) : Json();
}

/// A key may have come back in a spelling that only parsing undid.
void ScrubReply(const Secret& secret, ModelReply& reply) {
  if (secret.empty()) return;
  secret.Scrub(reply.text);
  secret.Scrub(reply.reasoning);
  secret.Scrub(reply.finish_reason);
  secret.Scrub(reply.refusal);
  secret.Scrub(reply.model);
  reply.kept = Scrubbed(secret, reply.kept);
  for (ToolCall& call : reply.calls) {
    secret.Scrub(call.id);
    secret.Scrub(call.name);
    call.more = Scrubbed(secret, call.more);
    const std::string before = call.arguments.Dump();
    std::string after = before;
    secret.Scrub(after);
    if (after != before) call.arguments = ReadArguments(after);
  }
}

HttpRequest MakeCall(const Endpoint& endpoint, std::string body) {
  HttpRequest call;
  call.method = "POST";
  call.url = endpoint.url;
  call.headers = endpoint.headers;
  call.secret_headers = endpoint.secret_headers;
  call.body = std::move(body);
  call.timeouts = endpoint.timeouts;
  call.route = endpoint.route;
  call.max_response_bytes = endpoint.max_response_bytes;
  return call;
}

Expected<Json> ReadBody(const WireFormat& format, std::string_view body) {
  const std::string_view bare = BareBody(body);
  if (bare.empty()) return Malformed("it is empty");
  if (IsEventStream(bare)) return format.join(bare);
  if (auto json = ParseBody(bare)) return json;
  return Malformed(fmt::format("it is not JSON: {}", Quoted(bare)));
}

/// Words that a page of a proxy says in place of an answer: asking again may reach the server behind it.
std::string_view AboutType(const HttpResponse& response) {
  const std::string* type = response.Header("content-type");
  return type != nullptr && type->find("html") != std::string::npos ? " (a page, not an answer of the API)" : "";
}

/// A reply that does not say why it ended is an answer, unless it has as many tokens as it was allowed.
void NoteCut(const Endpoint& endpoint, ModelReply& reply) {
  if (!reply.finish_reason.empty() || reply.no_answer != NoAnswer::kNone || !endpoint.settings.is_object()) return;
  for (const std::string_view name : {"max_tokens", "max_completion_tokens"}) {
    const std::int64_t most = endpoint.settings.IntOr(name, 0);
    if (most <= 0 || reply.usage.completion_tokens < most) continue;
    reply.finish = FinishReason::kLength;
    reply.no_answer = reply.calls.empty() ? NoAnswer::kLength : NoAnswer::kCallCut;
  }
}

class Reading {
 public:
  Reading(const Endpoint& endpoint, const ModelRequest& request, const WireFormat& format, const HttpResponse& response)
      : endpoint_(endpoint), request_(request), format_(format), response_(response) {}

  Attempt Read() const {
    const bool good = response_.status >= 200 && response_.status < 300;
    Expected<Json> body = ReadBody(format_, response_.body);
    const auto error = body ? FindServerError(*body) : std::nullopt;
    if (!good || error) return Sort(error);
    if (!body) {
      return Failed(AttemptOutcome::kTransient, body.error().message + std::string(AboutType(response_)));
    }
    if (!format_.answers(*body)) {
      return Failed(AttemptOutcome::kTransient,
                    Malformed("it brings no answer: " + Quoted(body->Dump())).error().message);
    }
    return Answer(*body);
  }

 private:
  Attempt Failed(AttemptOutcome outcome, const std::string& words) const {
    return {outcome, EpisodeError(words, endpoint_.url), ReadWait(response_)};
  }

  Attempt Sort(const std::optional<ServerError>& error) const {
    Failure failure = SortFailure(response_.status, error, response_.body);
    switch (failure.kind) {
      case FailureKind::kBlocked: return {AttemptOutcome::kAnswered, BlockedReply(failure.words), {}};
      case FailureKind::kBrokenCall: return Priced(BrokenCallReply(request_, failure.failed_call));
      case FailureKind::kFailed: break;
    }
    return Failed(failure.outcome, failure.words);
  }

  Attempt Answer(const Json& body) const {
    Expected<ModelReply> reply = format_.read(body, endpoint_.parse_text_calls, request_);
    if (!reply) {
      reply.error().where = endpoint_.url;
      return {AttemptOutcome::kFinal, std::move(reply)};
    }
    NoteCut(endpoint_, *reply);
    Usage& usage = reply->usage;
    usage.cost_known = usage.cost_known && endpoint_.price.has_value();
    if (usage.cost_known) usage.cost_nano_usd = endpoint_.price->CostNanoUsd(usage);
    // What failed behind a gateway may not fail again; when it does, the reply says what it was.
    const AttemptOutcome outcome =
        reply->no_answer == NoAnswer::kFailed ? AttemptOutcome::kTransient : AttemptOutcome::kAnswered;
    return Scrub({outcome, std::move(reply), {}});
  }

  Attempt Priced(ModelReply reply) const {
    reply.usage.cost_known = endpoint_.price.has_value();
    if (endpoint_.price) {
      reply.usage.cost_nano_usd = endpoint_.price->CostNanoUsd(reply.usage);
    }
    return Scrub({AttemptOutcome::kAnswered, std::move(reply), {}});
  }

  Attempt Scrub(Attempt attempt) const {
    for (const SecretHeader& header : endpoint_.secret_headers) ScrubReply(header.secret, *attempt.reply);
    return attempt;
  }

  const Endpoint& endpoint_;
  const ModelRequest& request_;
  const WireFormat& format_;
  const HttpResponse& response_;
};

}  // namespace

Expected<ModelReply> ReadWholeReply(const WireFormat& format, std::string_view body, const ModelRequest& request) {
  TRY_ASSIGN(const Json json, ReadBody(format, body));
  if (const auto error = FindServerError(json)) return Malformed("it is an error: " + Quoted(error->message));
  if (!format.answers(json)) return Malformed("it brings no answer");
  return format.read(json, false, request);
}

Async<Attempt> PostAndRead(Http& http, const Endpoint& endpoint, const ModelRequest& request, std::string body,
                           const WireFormat& format) {
  auto response = co_await http.Call(MakeCall(endpoint, std::move(body)));
  if (!response) co_return FailedAttempt(response.error());
  co_return Reading(endpoint, request, format, *response).Read();
}

Attempt ReadAnswer(const Endpoint& endpoint, const ModelRequest& request, const HttpResponse& response,
                   const WireFormat& format) {
  return Reading(endpoint, request, format, response).Read();
}

std::string JoinPath(std::string_view base, std::string_view path) {
  const std::size_t query = std::min(base.find('?'), base.size());
  std::string_view bare = base.substr(0, query);
  while (bare.ends_with('/')) bare.remove_suffix(1);
  return fmt::format("{}{}{}", bare, path, base.substr(query));
}

Json ReadArguments(std::string_view text) {
  if (IsBlank(text)) return Json::MakeObject();
  if (BareBody(text) == "null" || BareBody(text) == "None") return Json::MakeObject();
  auto object = ReadLooseObject(text);
  return object ? std::move(*object) : Json(text);
}

Json WritableArguments(const Json& arguments) {
  return arguments.is_object() ? arguments : Json::MakeObject({{"invalid_json", arguments}});
}

std::unexpected<Error> Malformed(std::string_view what) {
  return EpisodeError(fmt::format("the reply of the model server cannot be used: {}", what));
}

std::int64_t ServerSeed(const CallIdentity& identity) {
  return Draws(identity.seed, identity.task, identity.trial).Integer("server_seed", 0, 0, INT64_C(0x7FFFFFFF));
}

}  // namespace xsweep
