// xsweep env: environments by hand: which there are, one call, a replay of recorded calls, an MCP server.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "cli/env_commands.h"
#include "cli/shared_flags.h"
#include "parts/catalog.h"

namespace xsweep {
namespace {

constexpr std::string_view kEnvUsage =
    "Environments by hand.\n\n"
    "Usage: xsweep env list                                  which environments there are\n"
    "       xsweep env call NAME TOOL [JSON] [--data PATH]   one tool call on a fresh fork\n"
    "       xsweep env replay --environment NAME [--data PATH] < calls.jsonl > results.jsonl\n"
    "       xsweep env serve NAME [--data PATH] [--http ADDRESS:PORT]\n"
    "                                                        the tools over MCP on stdio, or at an address\n\n"
    "Example: xsweep env call airline get_user_details '{\"user_id\": \"zoe_lindqvist_114\"}'\n";

}  // namespace

Expected<int> EnvListCommand(const std::vector<std::string>& words) {
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

Expected<int> EnvCommand(const Invocation& invocation) {
  const std::vector<std::string>& words = invocation.words;
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    Print(kEnvUsage);
    return words.empty() ? kExitUsage : kExitDone;
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "list") return EnvListCommand(rest);
  if (words[0] == "call") return EnvCallCommand(rest);
  if (words[0] == "replay") return EnvReplayCommand(rest);
  if (words[0] == "serve") return EnvServeCommand(rest, invocation.stop);
  return UserError(
      "unknown `env " + words[0] + "`" + DidYouMean(words[0], {"list", "call", "replay", "serve"}, "there are"), "env");
}

}  // namespace xsweep
