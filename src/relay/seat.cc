// RelaySeat: the place of one trial's agent before its model.
// SPDX-License-Identifier: Apache-2.0
#include "relay/seat.h"

#include <fmt/format.h>

#include "base/json_mend.h"
#include "relay/mediated.h"
#include "relay/seated_host.h"
#include "relay/wires/read_reply.h"
#include "relay/wires/write_reply.h"

namespace xsweep {
namespace {

/// A reply of ours; with `hold` in one piece, streamed or not.
WebResponse Written(const ModelAsk& ask, const ModelReply& reply, const std::string& seed, bool hold) {
  if (!hold || !ask.stream) return ReplyResponse(ask, reply, seed);
  const ReplyFrame frame{.seed = seed, .model = ask.model, .tools = &ask.tools, .usage_chunk = ask.usage_chunk};
  WebResponse response{.type = "text/event-stream"};
  for (const std::string& event : WriteReplyStream(ask.wire, reply, frame)) response.body += event;
  return response;
}

/// An answer as a recording keeps it.
Json KeptAnswer(const Passing& answer, bool whole) {
  Json kept = Json::MakeObject({{"status", answer.status()}, {"type", answer.type()}, {"body", answer.body()}});
  if (!whole) kept.Set("cut", answer.why_broken().empty() ? "its reader left" : answer.why_broken());
  return kept;
}

/// Whether what was kept is an answer: what failed is asked for again.
bool Answers(Wire wire, const ModelReply& reply) {
  const Json& kept = reply.kept;
  if (kept.Find("body") == nullptr) return true;
  return kept.IntOr("status", 200) < 400 && kept.Find("cut") == nullptr &&
         ReadWireReply(wire, kept.StringOr("body", ""));
}

Async<Status> SayAndBreakOff(std::string body, std::string why, WebStream& out) {
  auto writing = out.Write(body);
  CO_TRY(co_await writing);
  co_return EpisodeError(why, "relay");
}

/// A kept answer of an upstream as the agent had it, broken off where that one was.
WebResponse KeptResponse(Wire wire, const Json& kept, bool hold) {
  const std::string why(kept.StringOr("cut", ""));
  std::string type(kept.StringOr("type", "application/json"));
  if (!why.empty() && (hold || !type.starts_with("text/event-stream"))) return WireErrorResponse(wire, 502, why);
  WebResponse response{.status = static_cast<int>(kept.IntOr("status", 200)), .type = std::move(type)};
  std::string body(kept.StringOr("body", ""));
  if (why.empty()) {
    response.body = std::move(body);
    return response;
  }
  response.stream = [body = std::move(body), why](WebStream& out) { return SayAndBreakOff(body, why, out); };
  return response;
}

}  // namespace

RelaySeat::RelaySeat(SeatContext context)
    : context_(std::move(context)),
      watch_(context_.tools),
      asks_(context_.identity, std::move(context_.private_words)) {}
RelaySeat::~RelaySeat() = default;

void RelaySeat::Close() {
  closed_ = true;
  tell_failure_ = {};
  context_.seated.reset();
  context_.keeper = nullptr;
}

void RelaySeat::Fail(Error error) {
  if (failure_) return;
  failure_ = std::move(error);
  if (tell_failure_) tell_failure_(*failure_);
}

WebResponse RelaySeat::Refuse(Wire wire, int status, Error error) {
  WebResponse response = WireErrorResponse(wire, status, error.message);
  response.headers.emplace_back("x-should-retry", "false");  // both providers' SDKs obey it
  Fail(std::move(error));
  return response;
}

Async<WebResponse> RelaySeat::Answer(ModelRoute route, std::string rest, WebRequest request) {
  const auto self = shared_from_this();
  if (closed_) co_return WireErrorResponse(route.wire, 410, "this trial is over");
  if (failure_) co_return WireErrorResponse(route.wire, 410, failure_->message);
  if (++requests_ > context_.most_requests)
    co_return Refuse(route.wire, 429,
                     {ErrorKind::kEpisode,
                      fmt::format("the agent asked its model more than {} times", context_.most_requests), "relay"});
  const bool replies = route.want == ModelWant::kReply;
  Way way{route, std::move(rest), std::move(request)};
  auto answering = replies ? Reply(std::move(way)) : AnswerOther(std::move(way));
  co_return co_await answering;
}

Async<WebResponse> RelaySeat::AnswerOther(Way way) {
  const ModelRoute route = way.route;
  watch_.AskedOtherwise();
  if (context_.seated == nullptr && context_.http != nullptr) {
    auto passing = FromUpstream(std::move(way), {});
    co_return co_await passing;
  }
  if (route.want == ModelWant::kModels) co_return ModelsResponse("shim", way.rest);
  const auto body = ParseMended(way.request.body);
  if (route.want == ModelWant::kCount && body)
    if (const auto ask = ReadAsk(route.wire, *body)) co_return CountResponse(*ask);
  co_return WireErrorResponse(route.wire, 404, "there is nothing at this address of a model");
}

Async<WebResponse> RelaySeat::Reply(Way way) {
  const Wire wire = way.route.wire;
  const auto body = ParseMended(way.request.body);
  auto ask = body ? ReadAsk(wire, *body) : Expected<ModelAsk>(std::unexpected(body.error()));
  if (!ask) {
    watch_.Misunderstood();
    co_return WireErrorResponse(wire, 400, ask.error().message);
  }
  const bool mediated = context_.mediator != nullptr && !ask->aside();
  auto answering = mediated ? Mediated(std::move(way), std::move(*ask)) : Obtain(std::move(way), std::move(*ask));
  co_return co_await answering;
}

/// The agent's tools are its own: attack and defense are let at what passes.
Async<WebResponse> RelaySeat::Mediated(Way way, ModelAsk ask) {
  const Wire wire = way.route.wire;
  std::string body = std::move(way.request.body);
  AskModel put = [this, way = std::move(way)](std::string sent, ModelAsk shown, bool hold) {
    Way out = way;
    out.request.body = std::move(sent);
    out.hold = hold;
    return Obtain(std::move(out), std::move(shown));
  };
  NameOurs ours = [this](std::string_view shown) { return watch_.OursOf(shown); };
  auto mediating = Mediate(context_.mediator, std::move(ours), std::move(body), std::move(ask), std::move(put));
  auto answer = co_await mediating;
  if (answer) co_return std::move(*answer);
  if (answer.error().kind == ErrorKind::kInterrupted || closed_)
    co_return WireErrorResponse(wire, 410, answer.error().message);
  co_return Refuse(wire, 502, answer.error());
}

/// The model's answer: from a recording, from the seated agent, from upstream.
Async<WebResponse> RelaySeat::Obtain(Way way, ModelAsk ask) {
  const Wire wire = way.route.wire;
  watch_.Asked(ask);
  ModelRequest kept = asks_.Next(ask);
  auto recalled = context_.keeper == nullptr ? std::nullopt : context_.keeper->Recall(kept);
  if (recalled && !*recalled) co_return Refuse(wire, 502, recalled->error());
  if (recalled) co_return Again(ask, **recalled, way.hold);
  const auto paid = context_.keeper == nullptr ? std::nullopt : context_.keeper->Reuse(kept);
  if (paid && Answers(wire, *paid)) co_return Again(ask, *paid, way.hold);
  if (context_.seated != nullptr) {
    auto seated = FromSeated(std::move(ask), std::move(kept), way.hold);
    co_return co_await seated;
  }
  if (context_.keeper != nullptr) {
    auto admitting = context_.keeper->Admit();
    const Status admitted = co_await admitting;
    if (!admitted) co_return Refuse(wire, 429, admitted.error());
  }
  const auto shared = std::make_shared<const std::pair<ModelAsk, ModelRequest>>(std::move(ask), std::move(kept));
  auto passing = FromUpstream(std::move(way), [self = shared_from_this(), shared](const Passing& answer, bool whole) {
    self->NoteEnd(answer, whole, shared->first, shared->second);
  });
  co_return co_await passing;
}

/// What the model said when this was recorded, in the bytes in which it came.
WebResponse RelaySeat::Again(const ModelAsk& ask, const ModelReply& reply, bool hold) {
  // In the row it costs what it cost then; the budget of this run it does not touch.
  if (reply.kept.Find("body") != nullptr) {
    (void)NoteKept(ask, reply.kept, false);
    return KeptResponse(ask.wire, reply.kept, hold);
  }
  watch_.Answered(ask, reply, false, context_.upstream.price);
  if (context_.seated != nullptr) return Written(ask, reply, context_.seated->SeedOf(ask), hold);
  return {.type = "application/json"};
}

Async<WebResponse> RelaySeat::FromSeated(ModelAsk ask, ModelRequest kept, bool hold) {
  auto answering = context_.seated->Answer(ask);
  const auto reply = co_await answering;
  if (!reply) co_return Refuse(ask.wire, reply.error().kind == ErrorKind::kUser ? 400 : 500, reply.error());
  watch_.Answered(ask, *reply, false, {});
  Keep(kept, *reply);
  co_return Written(ask, *reply, context_.seated->SeedOf(ask), hold);
}

Async<WebResponse> RelaySeat::FromUpstream(Way way, Passing::Ended ended) {
  const Wire wire = way.route.wire;
  std::string body = std::move(way.request.body);
  auto out = PassOn(context_.upstream, wire, way.rest, way.request, std::move(body));
  if (!out) co_return Refuse(wire, 502, {ErrorKind::kEpisode, out.error().message, out.error().where});
  if (context_.http == nullptr)
    co_return Refuse(wire, 502, {ErrorKind::kEpisode, "there is no model in a replay", "relay"});
  const auto passing = std::make_shared<Passing>(*context_.http, std::move(*out), std::move(ended));
  auto heading = passing->AwaitHead();
  if (const Status head = co_await heading; !head) co_return WireErrorResponse(wire, 502, head.error().message);
  WebResponse response = passing->TakeHead();
  if (passing->is_stream() && !way.hold) {
    response.stream = [passing](WebStream& stream) { return Passing::Stream(passing, stream); };
    response.streams_at_once = passing->has_more();
    co_return response;
  }
  auto gathering = Passing::Whole(passing);
  if (const Status whole = co_await gathering; !whole) co_return WireErrorResponse(wire, 502, whole.error().message);
  response.body = passing->body();
  co_return response;
}

void RelaySeat::NoteEnd(const Passing& answer, bool whole, const ModelAsk& ask, const ModelRequest& kept) {
  // A client may leave as soon as it has read the end of a stream.
  const bool left = !whole && answer.why_broken().empty() && answer.is_stream();
  const bool ended = whole || (left && ReadWireReply(ask.wire, answer.body()));
  ModelReply as_kept;
  as_kept.kept = KeptAnswer(answer, ended);
  if (auto reply = NoteKept(ask, as_kept.kept, true)) {
    reply->kept = std::move(as_kept.kept);
    as_kept = std::move(*reply);
  }
  Keep(kept, as_kept);
}

Expected<ModelReply> RelaySeat::NoteKept(const ModelAsk& ask, const Json& kept, bool now) {
  const auto status = static_cast<int>(kept.IntOr("status", 200));
  auto reply = Expected<ModelReply>(std::unexpected(Error{ErrorKind::kEpisode, "it is no reply", "relay"}));
  if (kept.Find("cut") != nullptr) {
    watch_.Cut(ask);
  } else if (status >= 400) {
    watch_.Refused(ask, status);
  } else if (reply = ReadWireReply(ask.wire, kept.StringOr("body", "")); !reply) {
    watch_.Unreadable(ask);
  } else {
    const Usage used = watch_.Answered(ask, *reply, true, context_.upstream.price);
    if (now && context_.keeper != nullptr) context_.keeper->Spent(used);
  }
  return reply;
}

void RelaySeat::Keep(const ModelRequest& kept, const ModelReply& reply) {
  if (context_.keeper == nullptr) return;
  if (const Status written = context_.keeper->Keep(kept, Expected<ModelReply>(reply)); !written) Fail(written.error());
}

}  // namespace xsweep
