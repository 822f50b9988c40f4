// xsweep env call: one tool call on a fresh fork.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "checks/play.h"
#include "cli/env_commands.h"
#include "cli/shared_flags.h"
#include "sweep/open/open_environment.h"

namespace xsweep {

Expected<int> EnvCallCommand(const std::vector<std::string>& words) {
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
  TRY_ASSIGN(const CalledOnce called, CallOnce(*source, place, {"call_1", tool, *parsed}));
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

}  // namespace xsweep
