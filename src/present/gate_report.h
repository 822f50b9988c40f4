// Gate reports: a verdict for people, for pull requests and for machines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "analyze/gates/gates.h"
#include "record/manifest.h"

namespace xsweep {

/// One line to paste: "FAIL airline_v1 (SHIM, abc1234): asr.upper95 < 0.10 at 0.854 over 36 trials in
/// defense.name=none".
std::string GateLine(const Manifest& manifest, const GateReport& report);
/// A Markdown section "## Gates" with the verdict and a table; empty without gates.
std::string GateSection(const GateReport& report);
/// For run.json and the page, one a gate: [{gate, verdict, cell, value, low, high, n, look, explanation}], null where
/// there is nothing to show; value and bounds are shares, or differences of shares.
Json GateResultsJson(const GateReport& report);
/// What goes to GITHUB_STEP_SUMMARY: the verdict, the headline, the gates.
std::string JobSummary(const Manifest& manifest, const GateReport& report, const std::string& headline);
/// JUnit XML: a test case per gate; FAIL is a failure, INSUFFICIENT and INVALID are errors with their reason.
std::string JUnitXml(const Manifest& manifest, const GateReport& report);

}  // namespace xsweep
