// Verdict: a run's gates evaluated.
// SPDX-License-Identifier: Apache-2.0
#include "cli/verdict.h"

#include <fmt/format.h>

#include "present/gate_report.h"

namespace xsweep {
namespace {

Expected<RunComparison> CompareWithRun(const RunDirectory& run, const Manifest& manifest, const std::string& versus) {
  const std::filesystem::path results = run.path().parent_path().parent_path();
  TRY_ASSIGN(const auto other, FindRun(results, versus == "latest" ? manifest.exp : "", versus));
  return CompareRuns(other.string(), run.path().string());
}

}  // namespace

Expected<GateReport> JudgeRun(const RunDirectory& run, const Manifest& manifest, const RunAggregate& aggregate) {
  std::vector<Gate> gates;
  const std::vector<std::string>& texts = manifest.gates;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TRY_ASSIGN(Gate gate, ParseGate(texts[i], fmt::format("gate {}", i + 1)));
    gates.push_back(std::move(gate));
  }
  return EvaluateGates(gates, aggregate, manifest.max_error_rate,
                       [&](const std::string& versus) { return CompareWithRun(run, manifest, versus); });
}

Status WriteGateFiles(const RunDirectory& run, const Manifest& manifest, const GateReport& report,
                      const std::string& headline) {
  if (report.results.empty()) return {};
  TRY(run.Write("junit.xml", JUnitXml(manifest, report)));
  return run.Write("job_summary.md", JobSummary(manifest, report, headline));
}

}  // namespace xsweep
