// Golden files: what a renderer writes, committed. XSWEEP_APPROVE=1 in the environment rewrites them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/files.h"

namespace xsweep {

inline void ExpectGolden(const std::string& name, const std::string& actual) {
  const auto path = std::filesystem::path(XSWEEP_SOURCE_DIR) / "tests/present/golden" / name;
  if (std::getenv("XSWEEP_APPROVE") != nullptr) {
    ASSERT_TRUE(WriteAtomically(RealDisk(), path, actual).has_value());
    return;
  }
  const auto expected = ReadFile(path);
  ASSERT_TRUE(expected.has_value()) << "no golden file yet; look at the output, then run with XSWEEP_APPROVE=1: "
                                    << path;
  EXPECT_EQ(*expected, actual) << "if this is meant, look at it and run with XSWEEP_APPROVE=1";
}

}  // namespace xsweep
