// Verdict: a run's gates evaluated.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "present/gate_report.h"
#include "record/index.h"
#include "record/logs/layout.h"
#include "sweep/compare_directories.h"
#include "sweep/question.h"

namespace xsweep {
namespace {

/// The newest run of the experiment in the index that began before this one: when `report` judges the newest run anew,
/// `latest` is that run itself, and the difference to oneself is always 0.
Expected<std::filesystem::path> EarlierRun(const std::filesystem::path& results, const Manifest& manifest) {
  TRY_ASSIGN(const auto entries, ReadIndex(results / layout::kIndex));
  const IndexEntry* newest = nullptr;
  for (const IndexEntry& entry : entries) {
    const bool earlier = entry["exp"] == manifest.exp && entry["run_id"] != manifest.run_id &&
                         entry["timestamp_utc"] <= manifest.timestamp_utc;
    if (earlier) newest = &entry;
  }
  if (newest == nullptr) return UserError("there is no earlier run of " + manifest.exp, "vs latest");
  return results / (*newest)["path"];
}

Expected<RunComparison> CompareWithRun(const RunDirectory& run, const Manifest& manifest, const std::string& versus) {
  const std::filesystem::path results = run.path().parent_path().parent_path();
  TRY_ASSIGN(auto other, FindRun(results, versus == layout::kLatest ? manifest.exp : "", versus));
  std::error_code failure;
  if (std::filesystem::equivalent(other, run.path(), failure)) {
    if (versus != layout::kLatest) return UserError("this is the run itself; name another one", "vs " + versus);
    TRY_ASSIGN(other, EarlierRun(results, manifest));
  }
  return CompareDirectories(other, run.path(), {.parts = {}, .accept_invalid = false, .detectable = false, .read = {}});
}

}  // namespace

Expected<GateReport> JudgeRun(const RunDirectory& run, const Manifest& manifest, const RunAggregate& aggregate,
                              const std::vector<std::string>& later_gates) {
  std::vector<Gate> gates;
  const std::vector<std::string>& texts = manifest.gates;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TRY_ASSIGN(Gate gate, ParseGate(texts[i], fmt::format("gate {}", i + 1)));
    gates.push_back(std::move(gate));
  }
  const std::string question = QuestionOf(run.path(), manifest);
  const std::filesystem::path results = run.path().parent_path().parent_path();
  GateSurroundings around;
  around.max_error_rate = manifest.max_error_rate;
  around.compare_with = [&](const std::string& versus) { return CompareWithRun(run, manifest, versus); };
  around.earlier_looks = [&](const Gate& gate) { return EarlierLooks(results, manifest, question, gate.text); };
  around.afterwards = [&](const Gate& gate) { return std::ranges::find(later_gates, gate.text) != later_gates.end(); };
  return EvaluateGates(gates, aggregate, around);
}

Status WriteGateFiles(const RunDirectory& run, const Manifest& manifest, const GateReport& report,
                      const std::string& headline) {
  if (report.results.empty()) return {};
  TRY(run.Write(layout::kGateResults, JUnitXml(manifest, report)));
  return run.Write(layout::kJobSummary, JobSummary(manifest, report, headline));
}

}  // namespace xsweep
