// MountMcp: an MCP server at a path.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/endpoint.h"

#include <chrono>
#include <deque>
#include <utility>

#include "net/await.h"
#include "net/event_stream.h"

namespace xsweep {
namespace {

constexpr std::chrono::milliseconds kLook{200};  ///< how often a subscription looks for a changed list
constexpr int kPingEvery = 75;                   ///< looks between two signs of life

WebResponse ToResponse(const McpReply& reply) {
  if (!reply.message) return {.status = 202, .type = ""};
  WebResponse response{.status = reply.status, .type = "application/json"};
  reply.message->AppendTo(response.body);
  return response;
}

/// What a call has said until now: notifications, then its answer.
struct Said {
  std::deque<Json> notifications;
  std::optional<McpReply> reply;
  Wait* reader = nullptr;
  void Tell() {
    if (reader != nullptr) reader->Wake();
  }
};

Async<Status> AwaitMore(IoLoop& loop, std::shared_ptr<Said> said) {
  while (said->notifications.empty() && !said->reply) {
    // Takes itself back when the connection goes first: the call runs on and has nobody to tell.
    auto waiting = AwaitUntil(loop, said->reader, loop.clock().Now() + std::chrono::hours(48));
    CO_TRY(co_await waiting);
  }
  co_return Status();
}

Async<Status> StreamSaid(IoLoop& loop, std::shared_ptr<Said> said, WebStream& stream) {
  for (;;) {
    CO_TRY(co_await AwaitMore(loop, said));
    while (!said->notifications.empty()) {
      const std::string event = WriteStreamEvent("message", said->notifications.front().Dump());
      said->notifications.pop_front();
      CO_TRY(co_await stream.Write(event));
    }
    if (!said->reply) continue;
    const std::string last =
        said->reply->message ? WriteStreamEvent("message", said->reply->message->Dump()) : std::string(kStreamPing);
    co_return co_await stream.Write(last);
  }
}

Async<Status> StreamChanges(IoLoop& loop, std::shared_ptr<McpServer> mcp, McpReply granted, std::uint64_t seen,
                            WebStream& stream) {
  const std::string first = WriteStreamEvent("message", granted.message->Dump());
  const bool wanted = granted.message->Find("params")->Find("notifications")->BoolOr("toolsListChanged", false);
  CO_TRY(co_await stream.Write(first));
  for (int looks = 1;; ++looks) {
    CO_TRY(co_await loop.Sleep(kLook));
    if (const std::uint64_t now = mcp->host().list_version(); now != seen && wanted) {
      seen = now;
      const std::string event = WriteStreamEvent("message", McpServer::ListChanged(&*granted.subscription).Dump());
      CO_TRY(co_await stream.Write(event));
    } else if (looks % kPingEvery == 0) {
      CO_TRY(co_await stream.Write(kStreamPing));
    }
  }
}

/// Plain JSON, or the stream of a subscription that was granted when the list was at `seen`.
WebResponse Respond(IoLoop& loop, std::shared_ptr<McpServer> mcp, McpReply reply, std::uint64_t seen) {
  if (!reply.subscription) return ToResponse(reply);
  WebResponse response{.type = "text/event-stream"};
  response.stream = [&loop, mcp = std::move(mcp), reply = std::move(reply), seen](WebStream& stream) {
    return StreamChanges(loop, mcp, reply, seen, stream);
  };
  return response;
}

// For hosts that notify: the answer is a stream when a notification comes first, plain JSON otherwise.
Async<WebResponse> AnswerInPieces(IoLoop& loop, std::shared_ptr<McpServer> mcp, WebRequest request,
                                  McpEnvelope envelope) {
  const auto said = std::make_shared<Said>();
  const std::uint64_t seen = mcp->host().list_version();
  envelope.notify = [said](Json notification) {
    said->notifications.push_back(std::move(notification));
    said->Tell();
  };
  const auto work = [](std::shared_ptr<McpServer> server, WebRequest asked, McpEnvelope around) -> Async<McpReply> {
    around.header = [&asked](std::string_view name) { return asked.Header(name); };
    auto answer = server->AnswerText(asked.body, std::move(around));
    co_return co_await answer;
  };
  loop.Spawn(work(mcp, std::move(request), std::move(envelope)), [said](McpReply reply) {
    said->reply = std::move(reply);
    said->Tell();
  });
  const Status more = co_await AwaitMore(loop, said);
  if (!more) co_return WebResponse{.status = 503, .body = "ending\n"};
  if (said->notifications.empty()) co_return Respond(loop, mcp, std::move(*said->reply), seen);
  WebResponse response{.type = "text/event-stream"};
  response.stream = [&loop, said](WebStream& stream) { return StreamSaid(loop, said, stream); };
  co_return response;
}

Async<WebResponse> Answer(IoLoop& loop, std::shared_ptr<McpServer> mcp, WebRequest request) {
  if (request.method != "POST") co_return WebResponse{.status = 405, .type = "", .headers = {{"Allow", "POST"}}};
  McpEnvelope envelope{.http = true};
  const auto peer = request.peer;
  // Held weakly: a peer may be told after everything else is gone.
  envelope.began = [peer, weak = std::weak_ptr(mcp)](std::uint64_t key) {
    peer->OnLeft([weak, key] {
      if (const auto server = weak.lock()) server->host().Cancel(key);
    });
  };
  if (mcp->host().notifies()) {
    auto answer = AnswerInPieces(loop, mcp, std::move(request), std::move(envelope));
    WebResponse response = co_await answer;
    peer->OnLeft({});
    co_return response;
  }
  const std::uint64_t seen = mcp->host().list_version();
  envelope.header = [&request](std::string_view name) { return request.Header(name); };
  auto answer = mcp->AnswerText(request.body, std::move(envelope));
  McpReply reply = co_await answer;
  peer->OnLeft({});
  co_return Respond(loop, mcp, std::move(reply), seen);
}

}  // namespace

Mount MountMcp(HttpServer& server, std::string path, std::shared_ptr<McpServer> mcp, std::size_t most_bytes) {
  return server.Serve(std::move(path), {.body_limit = most_bytes},
                      [&loop = server.loop(), mcp = std::move(mcp)](WebRequest request) {
                        return Answer(loop, mcp, std::move(request));
                      });
}

}  // namespace xsweep
