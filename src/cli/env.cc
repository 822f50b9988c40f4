// xsweep env: environments by hand: which there are, one call, a replay of recorded calls, an MCP server.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <iostream>

#include "base/async.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "mcp/endpoint.h"
#include "mcp/environment_host.h"
#include "net/http_server.h"
#include "net/token.h"
#include "parts/catalog.h"
#include "parts/desks.h"
#include "parts/environments/world/replay.h"
#include "sweep/open_environment.h"

namespace xsweep {
namespace {

constexpr std::string_view kUsage =
    "Environments by hand.\n\n"
    "Usage: xsweep env list                                  which environments there are\n"
    "       xsweep env call NAME TOOL [JSON] [--data PATH]   one tool call on a fresh fork\n"
    "       xsweep env replay --environment NAME [--data PATH] < calls.jsonl > results.jsonl\n"
    "       xsweep env serve NAME [--data PATH] [--http ADDRESS:PORT]\n"
    "                                                        the tools over MCP on stdio, or at an address\n\n"
    "Example: xsweep env call airline get_user_details '{\"user_id\": \"zoe_lindqvist_114\"}'\n";

/// True when help was asked for and printed.
Expected<bool> ParseOrHelp(Arguments& arguments, const std::vector<std::string>& words) {
  TRY_ASSIGN(const auto help, arguments.Parse(words));
  if (help) Print(*help);
  return help.has_value();
}

Expected<int> List(const std::vector<std::string>& words) {
  bool json = false;
  Arguments arguments("env list", "Lists the environments and their options.", "xsweep env list --json");
  arguments.Flag("--json", &json, "for machines");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  Json list = Json::MakeArray();
  for (const auto& entry : BuildCatalog().environments) {
    Json options = Json::MakeArray();
    std::string needs;
    for (const auto& option : entry.spec.options) {
      options.Append(Json::MakeObject({{"name", option.name}, {"help", option.help}, {"required", option.required}}));
      if (option.required) needs += (needs.empty() ? "; needs " : ", ") + option.name;
    }
    if (!json) Print(fmt::format("{:<14} {}{}\n", entry.spec.name, entry.spec.summary, needs));
    list.Append(Json::MakeObject({{"name", entry.spec.name}, {"summary", entry.spec.summary}, {"options", options}}));
  }
  if (json) Print(list.DumpPretty() + "\n");
  return kExitDone;
}

/// What a call on a fresh fork came to.
struct Called {
  ToolOutcome outcome;
  Json difference;
};

Expected<Called> CallOnce(const EnvironmentSource& source, std::size_t task, const ToolCall& call) {
  TRY_ASSIGN(const auto environment, RunNow(source.Fork(task, {})));
  Called called;
  TRY_ASSIGN(called.outcome, RunNow(environment->Call(call)));
  TRY_ASSIGN(const TaskAssessment assessment, RunNow(environment->AssessTask({})));
  called.difference = assessment.state_difference;
  return called;
}

Json CallJson(const Called& called) {
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

Expected<int> Call(const std::vector<std::string>& words) {
  EnvironmentFlags flags;
  std::string tool, task;
  std::string text = "{}";
  bool json = false;
  Arguments arguments(
      "env call", "Makes one tool call on a fresh fork and prints what the agent would see.",
      "xsweep env call tau2/airline get_user_details '{\"user_id\": \"mia_li_3668\"}' --data ~/tau2-bench");
  arguments.Positional("name", &flags.name, "the environment; `xsweep env list` names them")
      .Positional("tool", &tool, "the tool")
      .Positional("arguments", &text, "its arguments, a JSON object (default {})", false)
      .Option("--task", &task, "whose fork: a task's id (default the first)")
      .Flag("--json", &json, "result, effects and changed records for machines");
  DeclareEnvironment(arguments, flags);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  auto parsed = Json::Parse(text, "arguments of " + tool);
  if (!parsed) return UserError(parsed.error().message, parsed.error().where);
  if (!parsed->is_object()) return UserError("must be a JSON object", "arguments of " + tool);
  TRY_ASSIGN(const auto source, flags.Open());
  TRY_ASSIGN(const std::size_t place, FindTask(*source, task));
  TRY_ASSIGN(const Called called, CallOnce(*source, place, {"call_1", tool, *parsed}));
  if (json) {
    Print(CallJson(called).DumpPretty() + "\n");
  } else {
    Print(called.outcome.content + "\n");
    for (const Json& change : called.difference.items())
      PrintNote(fmt::format("{} {} {}", change.StringOr("change", ""), change.StringOr("table", ""),
                            change.StringOr("id", "")));
  }
  return called.outcome.error ? kExitFail : kExitDone;
}

Expected<int> ReplayCalls(const std::vector<std::string>& words) {
  EnvironmentFlags flags;
  flags.name = "airline";
  Arguments arguments("env replay", "Executes recorded calls from stdin and writes them with what xsweep made of them.",
                      "xsweep env replay --environment tau2/airline --data ~/tau2-bench < calls.jsonl > results.jsonl");
  arguments.Option("--environment", &flags.name, "which native desk (default airline)")
      .Option("--data", &flags.data, "a copy of the benchmark, or the desk's own directory");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  const Desk* desk = FindDesk(flags.name);
  if (desk == nullptr)
    return UserError("unknown desk `" + flags.name + "`" + DidYouMean(flags.name, DeskNames(), "there are"),
                     "--environment");
  TRY_ASSIGN(const DeskFiles files, ReadDesk(flags.name, flags.data));
  Replay replay(*desk, files.world);
  std::size_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto replayed = replay.Line(line);
    if (!replayed) return UserError(replayed.error().message, fmt::format("stdin:{}", number));
    Print(*replayed + "\n");
    std::fflush(stdout);  // so that a program may ask line by line
  }
  return kExitDone;
}

/// "127.0.0.1:0", "[::1]:8080" or ":8080".
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
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
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

Expected<int> Serve(const std::vector<std::string>& words, const std::atomic<bool>& stop) {
  EnvironmentFlags flags;
  std::string task, http;
  Arguments arguments(
      "env serve",
      "Offers an environment's tools over MCP, on stdin and stdout until stdin ends or, with --http, at "
      "an address that it prints.",
      "xsweep env serve airline --http 127.0.0.1:0");
  arguments.Positional("name", &flags.name, "the environment; `xsweep env list` names them")
      .Option("--task", &task, "whose fork: a task's id (default the first)")
      .Option("--http", &http, "ADDRESS:PORT to listen on; port 0: any free one");
  DeclareEnvironment(arguments, flags);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const auto source, flags.Open());
  TRY_ASSIGN(const std::size_t place, FindTask(*source, task));
  SystemClock clock;
  TRY_ASSIGN(const auto loop, IoLoop::Create(clock));
  EnvironmentModels models{.around = {.loop = loop.get()}};
  TRY_ASSIGN(auto environment, loop->Run(source->Fork(place, models)));
  const auto host = std::make_shared<EnvironmentHost>(std::move(environment));
  if (http.empty()) {
    TRY(ServeOverPipes(*loop, host, stop));
  } else {
    TRY_ASSIGN(const ServerOptions options, ParseAddress(http));
    TRY(ServeOverHttp(*loop, host, options, stop));
  }
  return kExitDone;
}

}  // namespace

Expected<int> EnvCommand(const Invocation& invocation) {
  const std::vector<std::string>& words = invocation.words;
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    Print(kUsage);
    return words.empty() ? kExitUsage : kExitDone;
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "list") return List(rest);
  if (words[0] == "call") return Call(rest);
  if (words[0] == "replay") return ReplayCalls(rest);
  if (words[0] == "serve") return Serve(rest, invocation.stop);
  return UserError(
      "unknown `env " + words[0] + "`" + DidYouMean(words[0], {"list", "call", "replay", "serve"}, "there are"), "env");
}

}  // namespace xsweep
