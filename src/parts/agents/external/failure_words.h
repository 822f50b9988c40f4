// Words with which agents' programs and frameworks end in place of an answer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace xsweep {

/// Whether an answer is no answer but what a program says when its model or its loop failed: many print that as if the
/// model had said it, and exit with 0. Only openings that are known to be such are taken for one; an agent that speaks
/// of errors is not.
bool SaysItFailed(std::string_view words);

}  // namespace xsweep
