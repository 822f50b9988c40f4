// JSON that a test writes down.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "base/json.h"

namespace xsweep {

inline Json Parsed(std::string_view text) {
  auto value = Json::Parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Json();
}

}  // namespace xsweep
