// The desks' calculator: Python's eval of an arithmetic expression, within bounds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace xsweep {

/// True when `expression` has no character but `0123456789+-*/(). `: what both references ask before they evaluate.
bool IsArithmetic(std::string_view expression);

/// `str(round(float(eval(expression)), 2))` of CPython 3.11 for an arithmetic `expression`: integers of any size, floor
/// division, powers that bind tighter than a sign on their left and group from the right, correctly rounded integer
/// division, overflow and division by zero as Python reports them. An error's message has no "Error: " before it.
///
/// Where this differs from the reference:
///  - an integer beyond 16,384 bits is an error at once; the reference goes on until the memory or the patience of its
///    host ends (`9**9**9` never returns);
///  - an expression longer than 10,000 characters or nested more than 200 deep (parentheses, chains of signs and of
///    powers) is an error; the reference refuses such texts too, only at other depths;
///  - what is no number (`()`, `5(3)`, `...`, `(-8)**0.5`) and faulty syntax are errors in words of our own; an error
///    in evaluation may be reported where the reference would have complained about the syntax further right.
Expected<std::string> Calculate(std::string_view expression);

/// The desks' tool for an argument of any kind; `refusal` is the benchmark's text for a foreign character.
Expected<std::string> CalculateArgument(const Json& expression, const std::string& refusal);

}  // namespace xsweep
