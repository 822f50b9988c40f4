// Play: an environment by hand.
// SPDX-License-Identifier: Apache-2.0
#include "checks/play.h"

#include <cstdio>
#include <iostream>

#include "base/async.h"
#include "base/characters.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "mcp/endpoint.h"
#include "net/token.h"

namespace xsweep {

Expected<CalledOnce> CallOnce(const EnvironmentSource& source, std::size_t task, const ToolCall& call) {
  TRY_ASSIGN(const auto environment, RunNow(source.Fork(task, {})));
  CalledOnce called;
  TRY_ASSIGN(called.outcome, RunNow(environment->Call(call)));
  TRY_ASSIGN(const TaskAssessment assessment, RunNow(environment->AssessTask({})));
  called.difference = assessment.state_difference;
  return called;
}

Json CallJson(const CalledOnce& called) {
  Json effects = Json::MakeArray();
  for (const Effect& effect : called.outcome.effects) {
    effects.Append(Json::MakeObject({{"kind", effect.kind},
                                     {"subject", effect.subject},
                                     {"amount_usd", effect.amount_usd},
                                     {"permitted", effect.permitted},
                                     {"rule", effect.rule}}));
  }
  Json json = Json::MakeObject({{"content", called.outcome.content},
                                {"error", called.outcome.error},
                                {"ends_dialogue", called.outcome.ends_dialogue},
                                {"effects", effects},
                                {"changes", called.difference}});
  if (!called.outcome.structured.is_null()) json.Set("structured", called.outcome.structured);
  return json;
}

Expected<ServerOptions> ParseAddress(const std::string& text) {
  ServerOptions options;
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : ParseUnsigned(text.substr(colon + 1));
  if (!port || *port > 65535)
    return UserError("say ADDRESS:PORT, e.g. 127.0.0.1:0 for any free port", "--http " + text);
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (!address.empty()) options.address = address;
  options.port = static_cast<int>(*port);
  return options;
}

Status ServeOverPipes(IoLoop& loop, std::shared_ptr<ToolHost> host, const std::atomic<bool>& stop) {
  McpServer server(std::move(host));
  for (std::string line; !stop && std::getline(std::cin, line);) {
    if (Trim(line).empty()) continue;
    const McpReply reply = loop.Run(server.AnswerText(line, {}));
    if (!reply.message) continue;
    Print(reply.message->Dump() + "\n");
    if (std::fflush(stdout) != 0) break;  // nobody listens any more
  }
  return {};
}

Status ServeOverHttp(IoLoop& loop, std::shared_ptr<ToolHost> host, const ServerOptions& options,
                     const std::atomic<bool>& stop) {
  TRY_ASSIGN(const auto server, HttpServer::Listen(loop, options));
  const Mount mount = MountMcp(*server, "/t/" + RandomToken() + "/mcp", std::make_shared<McpServer>(std::move(host)));
  Print(mount.url() + "\n");
  std::fflush(stdout);
  return loop.Run(UntilStopped(loop, stop));
}

}  // namespace xsweep
