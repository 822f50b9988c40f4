// Gates for CI systems: SARIF 2.1.0 and JUnit XML of a run's verdicts, and a CSV of its trials.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foreign/writers/exported.h"

namespace xsweep {

/// What JUnit makes of INSUFFICIENT: never green.
enum class Undecided : std::uint8_t { kError, kFailure };

/// One rule a gate; a result for every gate that did not pass, at the gate's line in config.yaml: FAIL is an error,
/// INSUFFICIENT a warning, INVALID an error. A gate that passed is a result of kind `pass`. `uri` names the config.
std::string SarifOf(const ExportedRun& run, const std::string& uri);

/// A test suite a run, a test case a gate: FAIL is a failure, INVALID an error, INSUFFICIENT what `undecided` says.
/// Without gates every cell is a test case that says its rates; one in which nothing counts is an error.
std::string JUnitOf(const ExportedRun& run, Undecided undecided);

/// The 1-based line of config.yaml on which the gate stands; 1 when it is not found.
int GateLineIn(const std::string& config, const std::string& gate);

/// The header of trials.csv, and one line of it.
std::string TrialCsvHeader();
std::string TrialCsvLine(const ExportedCell& cell, const Trial& row);

}  // namespace xsweep
