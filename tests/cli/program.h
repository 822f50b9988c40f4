// Running the xsweep binary, and the benchmark data that some tests need.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/system/process.h"

namespace xsweep {

inline ProcessResult RunXsweep(std::vector<std::string> args, std::string input = {},
                               const std::string& directory = {}) {
  args.insert(args.begin(), XSWEEP_BINARY_DIR "/xsweep");
  auto result = RunProcess({.args = std::move(args),
                            .input = std::move(input),
                            .directory = directory,
                            .time_limit = std::chrono::minutes(2)});
  EXPECT_TRUE(result) << (result ? "" : result.error().Text());
  return result ? *result : ProcessResult{-1, {}, {}};
}

inline std::filesystem::path TauDirectory() {
  const char* given = std::getenv("XSWEEP_TAU_DIR");
  return given != nullptr ? given : XSWEEP_SOURCE_DIR "/../shared/tau";
}

}  // namespace xsweep

/// Leaves the test, with a message, where the benchmarks' data is not at hand.
#define NEEDS_TAU_DATA()                                               \
  if (!std::filesystem::exists(::xsweep::TauDirectory() / "recorded")) \
  GTEST_SKIP() << "no benchmark data in " << ::xsweep::TauDirectory() << "; set XSWEEP_TAU_DIR to run this"
