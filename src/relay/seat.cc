// RelaySeat: the place of one trial's agent before its model.
// SPDX-License-Identifier: Apache-2.0
#include "relay/seat.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "episode/exposure.h"
#include "models/lenient.h"
#include "relay/read_reply.h"
#include "relay/seated_host.h"
#include "relay/write_reply.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostSent = std::size_t{16} << 20U;  ///< bytes of text that are kept to look for payloads
constexpr std::string_view kRelayed = "+relay";            ///< behind the cell: dialogues of models, not of agents

bool SameArguments(const Json& a, const Json& b) {
  if (a == b) return true;
  if (!a.is_object() || !b.is_object()) return false;
  // One client adds an argument of its own to every tool.
  const auto all_in = [](const Json& inner, const Json& outer) {
    return std::ranges::all_of(inner.members(), [&](const Json::Member& member) {
      const Json* other = outer.Find(member.first);
      return member.first == "wait_for_previous" || (other != nullptr && *other == member.second);
    });
  };
  return all_in(a, b) && all_in(b, a);
}

constexpr int kMostHidden = 50;  ///< denied turns in a row

/// A reply of ours; with `hold` in one piece, streamed or not.
WebResponse Written(const ModelAsk& ask, const ModelReply& reply, const std::string& seed, bool hold) {
  if (!hold || !ask.stream) return ReplyResponse(ask, reply, seed);
  const ReplyFrame frame{.seed = seed, .model = ask.model, .tools = &ask.tools, .usage_chunk = ask.usage_chunk};
  WebResponse response{.type = "text/event-stream"};
  for (const std::string& event : WriteReplyStream(ask.wire, reply, frame)) response.body += event;
  return response;
}

/// The reply with the calls that were let pass, written anew; its words say what became of the others.
WebResponse WithoutDenied(const ModelAsk& ask, ModelReply reply, const std::vector<ToolCall>& calls,
                          const std::vector<bool>& denied) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!denied[i]) continue;
    std::erase_if(reply.calls, [&](const ToolCall& call) { return call.id == calls[i].id; });
    reply.text += fmt::format("{}(The call of {} was denied by a defense and not made.)",
                              reply.text.empty() ? "" : "\n", calls[i].name);
  }
  return Written(ask, reply, "mediated " + reply.text, true);
}

}  // namespace

/// One answer on its way back.
struct RelaySeat::Passed {
  Passed(std::shared_ptr<RelaySeat> of, ModelAsk what) : seat(std::move(of)), ask(std::move(what)) {}
  Passed(const Passed&) = delete;
  Passed& operator=(const Passed&) = delete;
  std::shared_ptr<RelaySeat> seat;
  ModelAsk ask;
  ModelRequest kept;  ///< as a recording has it
  std::unique_ptr<HttpPassing> passing;
  int status = 0;
  std::string type;
  std::string body;  ///< what has passed until now
  bool noted = false;
  ~Passed() {
    if (!noted) seat->NoteEnd(*this, false);  // its reader left
  }
};

RelaySeat::RelaySeat(SeatContext context) : context_(std::move(context)) {}
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
  if (closed_) co_return WireErrorResponse(route.wire, 410, "this trial is over");
  if (failure_) co_return WireErrorResponse(route.wire, 410, failure_->message);
  if (++requests_ > context_.most_requests)
    co_return Refuse(route.wire, 429,
                     {ErrorKind::kEpisode,
                      fmt::format("the agent asked its model more than {} times", context_.most_requests), "relay"});
  if (route.want == ModelWant::kReply) {
    auto replying = Reply(route, std::move(rest), std::move(request));
    co_return co_await replying;
  }
  ++counting_requests_;
  if (context_.seated != nullptr || context_.http == nullptr) {
    if (route.want == ModelWant::kModels) co_return ModelsResponse("shim", rest);
    const auto body = Json::Parse(request.body);
    auto ask = route.want == ModelWant::kCount && body ? ReadAsk(route.wire, *body) : Expected<ModelAsk>(ModelAsk());
    if (route.want == ModelWant::kCount && ask) co_return CountResponse(*ask);
    co_return WireErrorResponse(route.wire, 404, "there is nothing at this address of a model");
  }
  auto passed = std::make_shared<Passed>(shared_from_this(), ModelAsk());
  passed->noted = true;
  auto passing = FromUpstream(route, std::move(rest), std::move(request), std::move(passed), false);
  co_return co_await passing;
}

Async<WebResponse> RelaySeat::Reply(ModelRoute route, std::string rest, WebRequest request) {
  const auto self = shared_from_this();
  const auto body = Json::Parse(request.body, "request");
  auto ask = body ? ReadAsk(route.wire, *body) : Expected<ModelAsk>(std::unexpected(body.error()));
  if (!ask) co_return WireErrorResponse(route.wire, 400, ask.error().message);
  if (context_.mediator != nullptr && !ask->aside()) {
    auto mediating = Mediated(route, std::move(rest), std::move(request), std::move(*ask));
    co_return co_await mediating;
  }
  const auto passed = std::make_shared<Passed>(self, std::move(*ask));
  auto obtaining = Obtain(route, std::move(rest), std::move(request), passed, false);
  co_return co_await obtaining;
}

/// The model's answer: from a recording, from the seated agent, from upstream. With `hold` the whole of it.
Async<WebResponse> RelaySeat::Obtain(ModelRoute route, std::string rest, WebRequest request,
                                     std::shared_ptr<Passed> passed, bool hold) {
  NoteAsk(passed->ask);
  passed->kept = RequestOf(passed->ask);
  auto recalled = context_.keeper == nullptr ? std::nullopt : context_.keeper->Recall(passed->kept);
  if (recalled) {
    passed->noted = true;
    if (!*recalled) co_return Refuse(route.wire, 502, recalled->error());
    co_return Again(*passed, **recalled, hold);
  }
  if (context_.seated != nullptr) {
    auto seated = FromSeated(passed, hold);
    co_return co_await seated;
  }
  if (context_.keeper != nullptr) {
    auto admitting = context_.keeper->Admit();
    const Status admitted = co_await admitting;
    if (!admitted) {
      passed->noted = true;
      co_return Refuse(route.wire, 429, admitted.error());
    }
  }
  auto passing = FromUpstream(route, std::move(rest), std::move(request), passed, hold);
  co_return co_await passing;
}

/// A reply is let go when it is decided. One of which every call is denied the agent never sees: its model is told why,
/// and asked again.
Async<WebResponse> RelaySeat::Mediated(ModelRoute route, std::string rest, WebRequest request, ModelAsk ask) {
  const auto self = shared_from_this();
  const auto mediator = context_.mediator;
  const Wire wire = route.wire;
  const auto lost = [this, wire](const Error& error) {
    return error.kind == ErrorKind::kInterrupted || closed_ ? WireErrorResponse(wire, 410, error.message)
                                                            : Refuse(wire, 502, error);
  };
  const auto history = Json::Parse(request.body);
  const std::size_t place = history ? EntriesOf(wire, *history) : 0;
  auto preparing = mediator->Prepare(request.body, ask);
  const auto own = co_await preparing;
  if (!own) co_return lost(own.error());
  for (int again = 0; again < kMostHidden; ++again) {
    const auto body = mediator->WithHidden(wire, *own);
    if (!body) co_return lost(body.error());
    const auto read = Json::Parse(*body);
    auto sent = read ? ReadAsk(wire, *read) : Expected<ModelAsk>(std::unexpected(read.error()));
    if (!sent) co_return lost(sent.error());
    WebRequest outgoing = request;
    outgoing.body = *body;
    const auto passed = std::make_shared<Passed>(self, std::move(*sent));
    auto obtaining = Obtain(route, rest, std::move(outgoing), passed, true);
    WebResponse response = co_await obtaining;
    auto reply = response.status < 400 ? ReadWireReply(wire, response.body) : Expected<ModelReply>(ModelReply());
    std::vector<ToolCall> calls;
    for (std::size_t i = 0; reply && i < reply->calls.size(); ++i) {
      calls.push_back(reply->calls[i]);
      calls.back().name = OursOf(calls.back().name);
      if (calls.back().name.empty()) calls.pop_back();
    }
    if (!reply || calls.empty()) co_return response;
    auto deciding = mediator->Decide(calls);
    const auto denied = co_await deciding;
    if (!denied) co_return lost(denied.error());
    const auto count = static_cast<std::size_t>(std::ranges::count(*denied, true));
    if (count == 0) co_return response;
    if (count < reply->calls.size()) co_return WithoutDenied(passed->ask, std::move(*reply), calls, *denied);
    auto telling = mediator->Notices(calls);
    const auto notices = co_await telling;
    if (!notices) co_return lost(notices.error());
    auto entries = HiddenEntries(wire, response.body, *notices);
    if (!entries) co_return lost(entries.error());
    mediator->Hide(place, std::move(*entries));
  }
  co_return Refuse(wire, 502, {ErrorKind::kEpisode, "the model asks for nothing but calls that are denied", "relay"});
}

/// What the model said when this was recorded, in the bytes in which it came.
WebResponse RelaySeat::Again(const Passed& passed, const ModelReply& reply, bool hold) {
  const Json& kept = reply.kept;
  const int status = static_cast<int>(kept.IntOr("status", 200));
  if (status < 400) NoteReply(passed.ask, reply, false);
  if (kept.Find("body") == nullptr && context_.seated != nullptr)
    return Written(passed.ask, reply, context_.seated->SeedOf(passed.ask), hold);
  return {.status = status,
          .type = std::string(kept.StringOr("type", "application/json")),
          .body = std::string(kept.StringOr("body", ""))};
}

Async<WebResponse> RelaySeat::FromSeated(std::shared_ptr<Passed> passed, bool hold) {
  const ModelAsk& ask = passed->ask;
  passed->noted = true;
  auto answering = context_.seated->Answer(ask);
  const auto reply = co_await answering;
  if (!reply) co_return Refuse(ask.wire, reply.error().kind == ErrorKind::kUser ? 400 : 500, reply.error());
  NoteReply(ask, *reply, false);
  Keep(*passed, *reply);
  co_return Written(ask, *reply, context_.seated->SeedOf(ask), hold);
}

void RelaySeat::Keep(const Passed& passed, const ModelReply& reply) {
  if (context_.keeper == nullptr) return;
  if (const Status written = context_.keeper->Keep(passed.kept, Expected<ModelReply>(reply)); !written)
    Fail(written.error());
}

Async<WebResponse> RelaySeat::FromUpstream(ModelRoute route, std::string rest, WebRequest request,
                                           std::shared_ptr<Passed> passed, bool hold) {
  const Wire wire = route.wire;
  std::string body = std::move(request.body);
  auto out = PassOn(context_.upstream, wire, rest, request, std::move(body));
  if (!out || context_.http == nullptr) {
    passed->noted = true;
    co_return Refuse(wire, 502,
                     out ? Error{ErrorKind::kEpisode, "there is no model in a replay", "relay"}
                         : Error{ErrorKind::kEpisode, out.error().message, out.error().where});
  }
  passed->passing = std::make_unique<HttpPassing>(*context_.http, std::move(*out));
  HttpPieces& pieces = passed->passing->pieces();
  auto heading = pieces.AwaitHead();
  const Status head = co_await heading;
  if (!head || pieces.status() == 0) {
    const std::string why = pieces.failure() != nullptr ? pieces.failure()->error.message : "stopped";
    co_return WireErrorResponse(wire, 502, "the model cannot be reached: " + why);
  }
  passed->status = pieces.status();
  PassedHead back = PassBack(pieces.headers());
  passed->type = back.type;
  WebResponse response{.status = passed->status, .type = back.type, .headers = std::move(back.headers)};
  if (passed->type.starts_with("text/event-stream") && !hold) {
    response.stream = [passed](WebStream& stream) { return Stream(passed, stream); };
    co_return response;
  }
  auto gathering = Whole(passed);
  WebResponse whole = co_await gathering;
  if (!whole.type.empty()) co_return whole;
  response.body = passed->body;
  co_return response;
}

// Empty when the body of `passed` is whole; otherwise what to say instead.
Async<WebResponse> RelaySeat::Whole(std::shared_ptr<Passed> passed) {
  HttpPieces& pieces = passed->passing->pieces();
  for (;;) {
    auto next = pieces.Next();
    const auto piece = co_await next;
    if (!piece || (piece->empty() && pieces.failure() != nullptr)) {
      passed->seat->NoteEnd(*passed, false);
      const std::string why = pieces.failure() != nullptr ? pieces.failure()->error.message : "stopped";
      co_return WireErrorResponse(passed->ask.wire, 502, "the model's answer broke off: " + why);
    }
    if (piece->empty()) break;
    passed->body += *piece;
  }
  passed->seat->NoteEnd(*passed, true);
  co_return WebResponse{.type = ""};
}

Async<Status> RelaySeat::Stream(std::shared_ptr<Passed> passed, WebStream& stream) {
  HttpPieces& pieces = passed->passing->pieces();
  for (;;) {
    auto next = pieces.Next();
    CO_TRY_ASSIGN(const std::string piece, co_await next);
    if (piece.empty()) break;
    passed->body += piece;
    CO_TRY(co_await stream.Write(piece));
  }
  // What broke off is cut here as well: a half must not look like a whole.
  const bool whole = pieces.failure() == nullptr;
  passed->seat->NoteEnd(*passed, whole);
  if (!whole) co_return std::unexpected(pieces.failure()->error);
  co_return Status();
}

void RelaySeat::NoteAsk(const ModelAsk& ask) {
  ask.aside() ? ++side_requests_ : ++dialogue_requests_;
  for (const std::string& tool : context_.tools) offered_ = offered_ || FindOffered(ask.tools, tool) != nullptr;
  NoteText(ask.system);
  for (const Message& message : ask.messages)
    if (message.speaker != Speaker::kAgent) NoteText(message.text);
  for (const OfferedTool& tool : ask.tools) NoteText(tool.description);
}

void RelaySeat::NoteText(std::string_view text) {
  if (text.empty() || sent_.size() + text.size() > kMostSent || !sent_before_.insert(Hash64(text)).second) return;
  sent_.append(text).append("\n\x1e\n");
}

void RelaySeat::NoteReply(const ModelAsk& ask, const ModelReply& reply, bool priced) {
  Usage used = reply.usage;
  used.calls = 1;
  if (!priced) {
    used.cost_nano_usd = 0;
    used.cost_known = true;
  } else if (context_.upstream.price && used.tokens_known) {
    used.cost_nano_usd = context_.upstream.price->CostNanoUsd(used.prompt_tokens, used.completion_tokens);
    used.cost_known = true;
  } else {
    used.cost_known = false;
  }
  usage_ += used;
  if (ask.aside()) side_usage_ += used;
  if (priced && context_.keeper != nullptr) context_.keeper->Spent(used);
  if (ask.aside()) return;
  replies_.push_back(reply.text);
  for (const ToolCall& call : reply.calls) {
    const auto again = [&](const ModelCall& known) { return !call.id.empty() && known.call.id == call.id; };
    if (std::ranges::any_of(calls_, again)) continue;  // a reply that was asked for twice
    const std::string ours = OursOf(call.name);
    if (ours.empty()) {
      if (foreign_calls_.size() < 64) foreign_calls_.insert(call.name);
      continue;
    }
    calls_.push_back({.call = call, .reply = replies_.size() - 1});
    calls_.back().call.name = ours;
  }
}

void RelaySeat::NoteEnd(Passed& passed, bool whole) {
  if (std::exchange(passed.noted, true)) return;
  if (!whole) {
    ++cut_;
    return;
  }
  auto reply = passed.status < 400 ? ReadWireReply(passed.ask.wire, passed.body) : Expected<ModelReply>(ModelReply());
  if (passed.status >= 400) {
    ++refused_;
  } else if (reply) {
    NoteReply(passed.ask, *reply, true);
  } else {
    ++unreadable_;
  }
  if (passed.kept.identity.cell.empty()) return;  // no reply of a model
  ModelReply kept = reply ? std::move(*reply) : ModelReply();
  kept.kept = Json::MakeObject({{"status", passed.status}, {"type", passed.type}, {"body", passed.body}});
  Keep(passed, kept);
}

// A second run has other addresses and directories, and one client says how long a tool took.
std::string RelaySeat::Plain(std::string text) const {
  for (const std::string& word : context_.private_words)
    for (std::size_t at = 0; !word.empty() && (at = text.find(word, at)) != std::string::npos; at += 5)
      text.replace(at, word.size(), "TRIAL");
  constexpr std::string_view kTook = "Wall time: ";
  if (text.starts_with(kTook)) {
    const std::size_t end = text.find(" seconds");
    if (end != std::string::npos) text.replace(kTook.size(), end - kTook.size(), "some");
  }
  return text;
}

ModelRequest RelaySeat::RequestOf(const ModelAsk& ask) {
  ModelRequest request;
  request.identity = context_.identity;
  request.identity.cell += kRelayed;
  request.identity.role = Role::kAgent;
  request.identity.turn = exchanges_++;
  request.system = Plain(ask.system);
  for (const Message& message : ask.messages) {
    request.messages.push_back(message);
    request.messages.back().text = Plain(message.text);
  }
  for (const OfferedTool& tool : ask.tools) request.tools.push_back({tool.name, tool.description, tool.parameters});
  return request;
}

std::string RelaySeat::OursOf(std::string_view shown) const {
  const std::vector<OfferedTool> one = {{.name = std::string(shown)}};
  std::string ours;
  for (const std::string& tool : context_.tools)
    if (FindOffered(one, tool) != nullptr && tool.size() > ours.size()) ours = tool;
  return ours;
}

std::string RelaySeat::WordsFor(const ToolCall& executed) {
  const auto open = [](const ModelCall& call) { return !call.executed; };
  auto found = std::ranges::find_if(
      calls_, [&](const ModelCall& call) { return open(call) && !executed.id.empty() && call.call.id == executed.id; });
  if (found == calls_.end())
    found = std::ranges::find_if(calls_, [&](const ModelCall& call) {
      return open(call) && call.call.name == executed.name && SameArguments(call.call.arguments, executed.arguments);
    });
  if (found == calls_.end()) return {};
  found->executed = true;
  return std::exchange(replies_[found->reply], {});
}

std::vector<ToolCall> RelaySeat::OpenCalls() const {
  std::vector<ToolCall> calls;
  for (const ModelCall& call : calls_)
    if (!call.executed) calls.push_back(call.call);
  return calls;
}

Delivery RelaySeat::Sent(std::string_view payload) const {
  if (Carries(sent_, payload) || CarriesFolded(sent_, payload)) return Delivery::kIntact;
  return CarriesPart(sent_, payload) ? Delivery::kAltered : Delivery::kNone;
}

std::vector<std::string> RelaySeat::Notes() const {
  std::vector<std::string> notes;
  notes.push_back(fmt::format("relay: {} requests of the dialogue, {} beside it ({} tokens), {} others",
                              dialogue_requests_, side_requests_,
                              side_usage_.prompt_tokens + side_usage_.completion_tokens, counting_requests_));
  if (refused_ + cut_ + unreadable_ > 0)
    notes.push_back(fmt::format("relay: of the model's answers {} were errors, {} broke off, {} could not be read",
                                refused_, cut_, unreadable_));
  for (const ModelCall& call : calls_)
    if (!call.executed)
      notes.push_back(fmt::format("relay: the model called {} {} and nobody executed it", call.call.name,
                                  call.call.arguments.Dump()));
  for (const std::string& name : foreign_calls_)
    notes.push_back(fmt::format("relay: unmediated: the model called {}, a tool of the agent's own", name));
  return notes;
}

}  // namespace xsweep
