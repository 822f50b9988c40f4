// Mediate: a request of an agent with tools of its own.
// SPDX-License-Identifier: Apache-2.0
#include "relay/mediated.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_mend.h"
#include "relay/call_gate.h"
#include "relay/wires/denied_calls.h"
#include "relay/wires/read_reply.h"

namespace xsweep {
namespace {

constexpr int kMostHidden = 50;  ///< denied turns in a row

/// One dialogue's rules: which of its calls are ours, and who decides them.
struct Rules {
  std::shared_ptr<Mediator> mediator;
  NameOurs ours;
  Wire wire = Wire::kChat;
  std::size_t place = 0;  ///< entries of the agent's own history
};

std::vector<ToolCall> OurCalls(const ModelReply& reply, const NameOurs& ours) {
  std::vector<ToolCall> calls;
  for (const ToolCall& call : reply.calls) {
    std::string name = ours(call.name);
    if (name.empty()) continue;
    calls.push_back(call);
    calls.back().name = std::move(name);
  }
  return calls;
}

/// Which calls of a reply are denied, by id, once that is decided; the words of an answer that is no reply say nothing.
Async<Expected<std::set<std::string>>> DeniedIn(Rules rules, ModelReply reply) {
  std::set<std::string> ids;
  const std::vector<ToolCall> calls = OurCalls(reply, rules.ours);
  if (calls.empty()) co_return ids;
  auto deciding = rules.mediator->Decide(calls);
  CO_TRY_ASSIGN(const std::vector<bool> denied, co_await deciding);
  for (std::size_t i = 0; i < calls.size(); ++i)
    if (denied[i]) ids.insert(calls[i].id);
  co_return ids;
}

/// The whole answer as its agent gets it, or nothing: then its model has to be asked again.
Async<Expected<std::optional<WebResponse>>> LetGo(Rules rules, WebResponse response) {
  using Result = Expected<std::optional<WebResponse>>;
  auto reply = response.status < 400 ? ReadWireReply(rules.wire, response.body) : Expected<ModelReply>(ModelReply());
  if (!reply) co_return Result(std::move(response));
  const std::size_t calls = reply->calls.size();
  auto deciding = DeniedIn(rules, std::move(*reply));
  CO_TRY_ASSIGN(const std::set<std::string> denied, co_await deciding);
  if (denied.empty()) co_return Result(std::move(response));
  CO_TRY_ASSIGN(std::vector<DecidedCall> turn, CallsOf(rules.wire, response.body, denied));
  if (denied.size() < calls) {
    CO_TRY_ASSIGN(response.body, CutCalls(rules.wire, response.body, denied));
    rules.mediator->HidePart(std::move(turn));
    co_return Result(std::move(response));
  }
  auto telling = rules.mediator->AwaitNotices(std::move(turn));
  CO_TRY_ASSIGN(turn, co_await telling);
  CO_TRY_ASSIGN(Json entries, HiddenEntries(rules.wire, response.body, turn));
  rules.mediator->Hide(rules.place, std::move(entries));
  co_return Result(std::nullopt);
}

/// The stream of a reply in which nothing can be denied.
Async<Status> PassStream(Rules rules, std::function<Async<Status>(WebStream&)> write, WebStream& out) {
  CallGate gate(rules.wire, out);
  auto passing = write(gate);
  CO_TRY(co_await passing);
  if (auto reply = ReadWireReply(rules.wire, gate.all())) {
    auto deciding = DeniedIn(rules, std::move(*reply));
    CO_TRY_ASSIGN(const std::set<std::string> denied, co_await deciding);
    if (!denied.empty()) co_return EpisodeError("no more calls are made in this trial", "relay");
  }
  const std::string rest(gate.held());
  if (rest.empty()) co_return Status();
  auto writing = out.Write(rest);
  co_return co_await writing;
}

}  // namespace

Async<Expected<WebResponse>> Mediate(std::shared_ptr<Mediator> mediator, NameOurs ours, std::string body, ModelAsk ask,
                                     AskModel put) {
  const auto history = ParseMended(body);
  const Wire wire = ask.wire;
  const Rules rules{mediator, std::move(ours), wire, history ? EntriesOf(wire, *history) : 0};
  CO_TRY(mediator->CheckHistory(ask, [&rules](std::string_view name) { return !rules.ours(name).empty(); }));
  auto preparing = mediator->Prepare(std::move(body), std::move(ask));
  CO_TRY_ASSIGN(const std::string own, co_await preparing);
  for (int again = 0; again < kMostHidden; ++again) {
    CO_TRY_ASSIGN(std::string sent, mediator->AsModelHasIt(wire, own));
    CO_TRY_ASSIGN(const Json read, ParseMended(sent));
    CO_TRY_ASSIGN(ModelAsk shown, ReadAsk(wire, read));
    auto putting = put(std::move(sent), std::move(shown), mediator->denies());
    WebResponse response = co_await putting;
    if (response.stream) {
      response.streams_at_once = false;  // what is held back may be all that is there
      response.stream = [rules, write = std::move(response.stream)](WebStream& out) {
        return PassStream(rules, write, out);
      };
      co_return response;
    }
    auto letting = LetGo(rules, std::move(response));
    CO_TRY_ASSIGN(std::optional<WebResponse> passed, co_await letting);
    if (passed) co_return std::move(*passed);
  }
  co_return EpisodeError("the model asks for nothing but calls that are denied", "relay");
}

}  // namespace xsweep
