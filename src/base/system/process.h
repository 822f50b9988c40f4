// RunProcess: another program, run to its end without a shell (gnuplot, git, sbatch).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace xsweep {

struct ProcessRequest {
  std::vector<std::string>
      args;                    ///< the program, looked up in PATH, and its arguments, byte for byte; no shell sees them
  std::string input = {};      ///< what it reads from standard input
  std::string directory = {};  ///< where it runs; empty: here
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< added to ours, or replacing what is there
  std::chrono::milliseconds time_limit = std::chrono::seconds(60);
  std::size_t output_limit = std::size_t{64} << 20U;  ///< of stdout and of stderr each; more is an error
};

struct ProcessResult {
  int exit_code = 0;  ///< 128 + signal when a signal ended it, as shells count
  std::string out;
  std::string err;
};

/// Runs a program to its end. A non-zero exit code is a result, not an error. Fails with kWorld, naming the program,
/// when it cannot be started, when `time_limit` is over or it prints too much (then it and its children are killed).
/// What a child that outlives the program prints later is not waited for. Thread-safe.
Expected<ProcessResult> RunProcess(const ProcessRequest& request);

/// `name` is a program in PATH (or a path to one) that may be run.
bool HasProgram(const std::string& name);

}  // namespace xsweep
