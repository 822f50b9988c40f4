// Gates for CI systems: SARIF 2.1.0 and JUnit XML of a run's verdicts, and a CSV of its trials.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/write_gates.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"
#include "base/hash.h"
#include "base/json.h"
#include "record/index.h"

namespace xsweep {
namespace {

std::string Xml(std::string_view text) {
  std::string out;
  // XML 1.0 has no spelling for most control characters, not even as &#...;, so they are taken out first.
  for (const char c : CleanText(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\n')
      out += "&#10;";
    else
      out += c;
  }
  return out;
}

Json TextMessage(const std::string& text) { return Json::MakeObject({{"text", text}}); }

// By its text, not by its place: a gate keeps its rule when others are put before it.
std::string RuleId(const ExportedGate& gate) { return "gate/" + ShortHash(gate.text).substr(0, 8); }

std::string Words(const ExportedGate& gate) {
  return fmt::format("{}: {}{}{}{}", NameOf(gate.verdict), gate.text, gate.cell.empty() ? "" : " in " + gate.cell,
                     gate.explanation.empty() ? "" : ": ", gate.explanation);
}

Json ResultOf(const ExportedGate& gate, const ExportedRun& run, const std::string& uri) {
  const bool passed = gate.verdict == GateVerdict::kPass;
  Json region = Json::MakeObject({{"startLine", GateLineIn(run.config, gate.text)}});
  Json place = Json::MakeObject(
      {{"physicalLocation",
        Json::MakeObject({{"artifactLocation", Json::MakeObject({{"uri", uri}})}, {"region", std::move(region)}})}});
  Json result = Json::MakeObject({{"ruleId", RuleId(gate)}});
  result.Set("kind", passed ? "pass" : "fail");
  result.Set("level", passed ? "none" : gate.verdict == GateVerdict::kInsufficient ? "warning" : "error");
  result.Set("message", TextMessage(Words(gate)));
  result.Set("locations", Json::MakeArray({std::move(place)}));
  // Without the run and without figures: the same gate in the next run is the same alert, not a new one.
  result.Set("partialFingerprints",
             Json::MakeObject({{"xsweepGate/v1", ShortHash(run.manifest.exp + "\n" + gate.text + "\n" + gate.cell)}}));
  result.Set("properties", Json::MakeObject({{"verdict", NameOf(gate.verdict)}, {"cell", gate.cell}}));
  return result;
}

std::string Case(const std::string& suite, const std::string& name, const std::string& inner) {
  return fmt::format("    <testcase classname=\"{}\" name=\"{}\"{}\n", Xml(suite), Xml(name),
                     inner.empty() ? "/>" : ">" + inner + "</testcase>");
}

std::string RateText(std::string_view name, const ExportedRate& rate) {
  if (!rate.value) return fmt::format("{} N/A", name);
  return fmt::format("{} {:.1f} % ({} of {}, 95 % interval {:.1f} to {:.1f} %)", name, 100 * *rate.value,
                     rate.successes, rate.n, 100 * rate.low.value_or(0), 100 * rate.high.value_or(1));
}

/// What the cell has on the axis `name`; empty where it has none, or no text.
std::string AxisText(const CellRecord& cell, std::string_view name) {
  const auto found = std::ranges::find(cell.axes, name, [](const auto& axis) { return std::string_view(axis.first); });
  return found != cell.axes.end() && found->second.is_string() ? found->second.AsString() : std::string();
}

}  // namespace

int GateLineIn(const std::string& config, const std::string& gate) {
  int line = 1;
  for (std::size_t start = 0; start < config.size(); ++line) {
    const auto end = std::min(config.find('\n', start), config.size());
    if (std::string_view(config).substr(start, end - start).find(gate) != std::string_view::npos) return line;
    start = end + 1;
  }
  return 1;
}

std::string SarifOf(const ExportedRun& run, const std::string& uri) {
  Json rules = Json::MakeArray(), results = Json::MakeArray();
  std::vector<std::string> known;
  for (const ExportedGate& gate : run.gates) {
    results.Append(ResultOf(gate, run, uri));
    if (std::ranges::find(known, RuleId(gate)) != known.end()) continue;
    known.push_back(RuleId(gate));
    rules.Append(Json::MakeObject(
        {{"id", RuleId(gate)},
         {"name", "Gate"},
         {"shortDescription", TextMessage(gate.text + ".")},
         {"fullDescription",
          TextMessage("The experiment's gate `" + gate.text + "` holds in every cell that it concerns.")},
         {"help",
          TextMessage(
              "A gate is a condition on a rate or on a bound of its interval. INSUFFICIENT means that the sample "
              "cannot tell; run more trials.")}}));
  }
  Json driver = Json::MakeObject({{"name", "xsweep"},
                                  {"fullName", "xsweep: adversarial experiments on tool-using agents"},
                                  {"version", run.manifest.xsweep_version},
                                  {"rules", std::move(rules)}});
  Json invocation = Json::MakeObject({{"executionSuccessful", run.manifest.status == RunStatus::kCompleted}});
  Json one = Json::MakeObject({{"tool", Json::MakeObject({{"driver", std::move(driver)}})},
                               {"invocations", Json::MakeArray({std::move(invocation)})},
                               {"automationDetails", Json::MakeObject({{"id", PublicName(run.manifest)}})},
                               {"results", std::move(results)},
                               {"columnKind", "utf16CodeUnits"}});
  return Json::MakeObject({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                           {"version", "2.1.0"},
                           {"runs", Json::MakeArray({std::move(one)})}})
             .DumpPretty() +
         "\n";
}

std::string JUnitOf(const ExportedRun& run, Undecided undecided) {
  std::string cases;
  int tests = 0, failures = 0, errors = 0;
  const std::string& suite = run.manifest.exp;
  const auto add = [&](const std::string& name, std::string_view how, const std::string& words) {
    ++tests;
    if (how == "failure") ++failures;
    if (how == "error") ++errors;
    cases += Case(suite, name,
                  how.empty() ? ""
                              : fmt::format("<{} message=\"{}\" type=\"{}\"/>", how, Xml(words),
                                            Xml(words.substr(0, words.find(':')))));
  };
  for (const ExportedGate& gate : run.gates) {
    const std::string_view insufficient = undecided == Undecided::kError ? "error" : "failure";
    add(gate.text,
        gate.verdict == GateVerdict::kPass           ? ""
        : gate.verdict == GateVerdict::kFail         ? "failure"
        : gate.verdict == GateVerdict::kInsufficient ? insufficient
                                                     : "error",
        Words(gate));
  }
  for (const ExportedCell& cell : run.cells) {
    if (!run.gates.empty()) break;
    const bool counts = cell.asr.n > 0 || cell.task_success.n > 0;
    ++tests;
    errors += counts ? 0 : 1;
    cases += Case(
        suite, cell.label,
        counts ? "<system-out>" +
                     Xml(RateText("attack success", cell.asr) + "; " + RateText("task success", cell.task_success)) +
                     "</system-out>"
               : "<error message=\"no trial counts in this cell\" type=\"INSUFFICIENT\"/>");
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"xsweep\" tests=\"{0}\" failures=\"{1}\" errors=\"{2}\">\n"
      "  <testsuite name=\"{3}\" tests=\"{0}\" failures=\"{1}\" errors=\"{2}\" skipped=\"0\" time=\"{4:.3f}\" "
      "timestamp=\"{5}\">\n{6}  </testsuite>\n</testsuites>\n",
      tests, failures, errors, Xml(suite), run.manifest.seconds, Xml(run.manifest.timestamp_utc.substr(0, 19)), cases);
}

std::string TrialCsvHeader() {
  return "index,cell,arm,model,attack,defense,suite,task,seed,trial,goal,outcome,success,exposed,task_success,reward,"
         "turns,tool_calls,agent_prompt_tokens,agent_completion_tokens,agent_cost_usd,error_kind,error\n";
}

std::string TrialCsvLine(const ExportedCell& cell, const Trial& row) {
  // Of errors and benign rows `success` stays empty: 0 would pass for resistance in whatever averages the column.
  const bool attacked = row.outcome == Outcome::kAttackSucceeded || row.outcome == Outcome::kAttackResisted ||
                        row.outcome == Outcome::kAttackBlocked || row.outcome == Outcome::kNotExposed;
  const Usage& agent = row.usage[Role::kAgent];
  std::string line = std::to_string(row.index);
  const auto text = [&](std::string_view field) { line.append(",").append(CsvField(field)); };
  const auto number = [&](auto value) { text(std::to_string(value)); };
  const auto flag = [&](std::optional<bool> value) { text(!value ? "" : *value ? "1" : "0"); };
  text(row.cell);
  text(NameOf(cell.record.arm));
  text(AxisText(cell.record, "model"));
  text(cell.record.attack);
  text(cell.record.defense);
  text(AxisText(cell.record, "suite"));
  text(row.task);
  number(row.seed);
  number(row.trial);
  text(row.goal);
  text(NameOf(row.outcome));
  flag(attacked ? std::optional(row.outcome == Outcome::kAttackSucceeded) : std::nullopt);
  flag(attacked && !row.exposure_unknown ? std::optional(row.exposed) : std::nullopt);
  flag(row.task_success);
  text(row.reward ? fmt::format("{}", *row.reward) : "");
  number(row.turns);
  number(row.tool_calls);
  number(agent.prompt_tokens);
  number(agent.completion_tokens);
  text(agent.cost_known ? fmt::format("{:.9f}", static_cast<double>(agent.cost_nano_usd) / 1e9) : "");
  text(row.error_kind ? NameOf(*row.error_kind) : "");
  text(row.error_message);
  return line + "\n";
}

}  // namespace xsweep
