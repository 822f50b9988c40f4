// MountPage: the page on a server.
// SPDX-License-Identifier: Apache-2.0
#include "page/page_server.h"

#include <chrono>

#include "net/event_stream.h"

namespace xsweep {
namespace {

// Nothing that a page shows may run, load or send anything but what this server gave it.
void AddSafetyHeaders(WebResponse& response) {
  response.headers.insert(
      response.headers.end(),
      {{"Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
       {"X-Frame-Options", "DENY"},
       {"Referrer-Policy", "no-referrer"},
       {"Cross-Origin-Opener-Policy", "same-origin"},
       {"Cross-Origin-Resource-Policy", "same-origin"}});
}

// Once a second, until the browser goes away.
Async<Status> SendEvents(IoLoop& loop, Offload& offload, std::function<std::string()> events, WebStream& stream) {
  CO_TRY(co_await stream.Write(": xsweep\n\n"));
  for (;;) {
    auto asked = offload.Run(events);
    CO_TRY_ASSIGN(std::string text, co_await asked);
    if (text.empty()) text = kStreamPing;
    CO_TRY(co_await stream.Write(text));
    CO_TRY(co_await loop.Sleep(std::chrono::seconds(1)));
  }
}

Async<WebResponse> Answer(IoLoop& loop, Offload& offload, Routes& routes, WebRequest request) {
  WebResponse response;
  if (request.method != "GET" && request.method != "HEAD") {
    response = {.status = 405, .headers = {{"Allow", "GET, HEAD"}}, .body = "This page only answers reads.\n"};
    AddSafetyHeaders(response);
    co_return response;
  }
  auto asked = offload.Run([&routes, path = request.path] { return routes.Answer(path); });
  auto answer = co_await asked;
  if (!answer) co_return WebResponse{.status = 503, .body = "ending\n"};
  response = std::move(answer->response);
  if (answer->events) {
    response.stream = [&loop, &offload, events = std::move(answer->events)](WebStream& stream) {
      return SendEvents(loop, offload, events, stream);
    };
  }
  AddSafetyHeaders(response);
  co_return response;
}

}  // namespace

Mount MountPage(HttpServer& server, Offload& offload, Routes& routes) {
  return server.Serve("/", {.below = true},
                      [&](WebRequest request) { return Answer(server.loop(), offload, routes, std::move(request)); });
}

}  // namespace xsweep
