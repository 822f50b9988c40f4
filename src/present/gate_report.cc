// Gate reports: a verdict for people, for pull requests and for machines.
// SPDX-License-Identifier: Apache-2.0
#include "present/gate_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/numbers.h"
#include "base/escape.h"

namespace xsweep {
namespace {

std::string Seen(const GateResult& result) {
  return result.value ? fmt::format("{:.3f}", *result.value) : std::string("N/A");
}

std::int64_t CountOf(const GateReport& report, GateVerdict verdict) {
  return std::ranges::count(report.results, verdict, &GateResult::verdict);
}

std::string Commit(const Manifest& manifest) {
  return manifest.git.sha.empty() ? "no commit" : manifest.git.sha.substr(0, 7);
}

std::string ToDecide(const GateResult& result) {
  if (result.tasks_to_decide) return fmt::format("about {} tasks", *result.tasks_to_decide);
  return result.trials_to_decide ? fmt::format("about {} trials", *result.trials_to_decide) : std::string("–");
}

/// The gate that made the verdict what it is.
const GateResult* Decisive(const GateReport& report) {
  const auto found = std::ranges::find(report.results, report.verdict, &GateResult::verdict);
  return found == report.results.end() ? nullptr : &*found;
}

std::string JUnitCase(const Manifest& manifest, const GateResult& result) {
  const std::string name = result.cell.empty() ? result.gate.text : result.gate.text + " in " + result.cell;
  std::string text = fmt::format("  <testcase classname=\"{}\" name=\"{}\">", XmlText(manifest.exp), XmlText(name));
  const std::string why = XmlText(result.explanation);
  switch (result.verdict) {
    case GateVerdict::kPass: break;
    case GateVerdict::kFail: text += fmt::format("<failure type=\"FAIL\" message=\"{}\"/>", why); break;
    // No PASS: a pipeline that reads a skipped test as fine would wave it through.
    case GateVerdict::kInsufficient: text += fmt::format("<error type=\"INSUFFICIENT\" message=\"{}\"/>", why); break;
    case GateVerdict::kInvalid: text += fmt::format("<error type=\"INVALID\" message=\"{}\"/>", why); break;
  }
  return text + "</testcase>\n";
}

}  // namespace

std::string GateLine(const Manifest& manifest, const GateReport& report) {
  std::string line = fmt::format("{} {} ({}, {})", NameOf(report.verdict), CleanText(manifest.exp),
                                 NameOf(manifest.mode), Commit(manifest));
  const GateResult* decisive = Decisive(report);
  if (decisive == nullptr) return line + ": no gates";
  line += fmt::format(": {} at {}", CleanText(decisive->gate.text), Seen(*decisive));
  if (decisive->n > 0) line += fmt::format(" over {}", Count(decisive->n, "trial", "trials"));
  if (!decisive->cell.empty()) line += " in " + CleanText(decisive->cell);
  if (decisive->tasks_to_decide || decisive->trials_to_decide) line += "; " + ToDecide(*decisive) + " would decide";
  if (decisive->afterwards) line += "; stated after the run";
  if (decisive->look > 1) line += fmt::format("; look {}", decisive->look);
  if (!decisive->value || decisive->tipping_share.value_or(1) < 1) {
    line += "; " + CleanText(decisive->explanation);
  } else if (!decisive->held_back.empty()) {
    line += "; " + CleanText(decisive->held_back);
  }
  const std::int64_t others = CountOf(report, report.verdict) - 1;
  if (others > 0) line += fmt::format(", and {} like it", Count(others, "gate", "gates"));
  return line;
}

std::string GateSection(const GateReport& report) {
  if (report.results.empty()) return {};
  std::string text = fmt::format(
      "## Gates: {}\n\n| gate | verdict | seen | trials | to decide | why |\n"
      "|---|---|---:|---:|---:|---|\n",
      NameOf(report.verdict));
  for (const GateResult& result : report.results) {
    text +=
        fmt::format("| {} | **{}** | {} | {} | {} | {} |\n", MarkdownCellCode(result.gate.text), NameOf(result.verdict),
                    Seen(result), result.n, ToDecide(result), MarkdownText(result.explanation));
  }
  return text + "\n";
}

Json GateResultsJson(const GateReport& report) {
  Json results = Json::MakeArray();
  for (const GateResult& result : report.results) {
    const auto bound = [&](double stats::Interval::* side) {
      return result.bounds95 ? Json((*result.bounds95).*side) : Json();
    };
    results.Append(Json::MakeObject({{"gate", result.gate.text},
                                     {"verdict", NameOf(result.verdict)},
                                     {"cell", result.cell},
                                     {"value", result.value ? Json(*result.value) : Json()},
                                     {"low", bound(&stats::Interval::low)},
                                     {"high", bound(&stats::Interval::high)},
                                     {"n", result.n},
                                     {"look", result.look},
                                     {"explanation", result.explanation}}));
  }
  return results;
}

std::string JobSummary(const Manifest& manifest, const GateReport& report, const std::string& headline) {
  return fmt::format("# {} {}\n\n{}\n\n{}", report.results.empty() ? "xsweep" : NameOf(report.verdict),
                     MarkdownCode(manifest.exp), MarkdownText(headline), GateSection(report));
}

std::string JUnitXml(const Manifest& manifest, const GateReport& report) {
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" "
      "errors=\"{}\" skipped=\"0\">\n",
      XmlText(manifest.run_id), report.results.size(), CountOf(report, GateVerdict::kFail),
      CountOf(report, GateVerdict::kInvalid) + CountOf(report, GateVerdict::kInsufficient));
  for (const GateResult& result : report.results) text += JUnitCase(manifest, result);
  return text + "</testsuite>\n";
}

}  // namespace xsweep
