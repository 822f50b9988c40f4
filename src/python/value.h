// What Python's operators make of JSON values: arithmetic, comparison, len, and whether an iteration meets only dicts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace xsweep {

// Numbers are int (of any size), float and bool (True counts as 1). Where Python would raise, these return an error;
// give `what` the name of the argument or field that a reader should look at.

bool IsPythonNumber(const Json& value);
/// An error that names `what` unless `value` is a number.
Status RequireNumber(const Json& value, std::string_view what);

// Exact for integers; as soon as one side is a float, both are. An integer too large for a float is an error.
Expected<Json> PythonAdd(const Json& a, const Json& b);
Expected<Json> PythonSubtract(const Json& a, const Json& b);
Expected<Json> PythonMultiply(const Json& a, const Json& b);
Expected<Json> PythonNegate(const Json& value, std::string_view what);

/// NoneType, bool, int, float, str, list, dict.
std::string_view PythonTypeName(const Json& value);

/// a < b of two numbers (exact between int and float), two strings or two lists; anything else is Python's own error.
Expected<bool> PythonLess(const Json& a, const Json& b);
/// a == b: 1, 1.0 and true are equal, lists and dicts compare by value; never an error.
bool PythonEquals(const Json& a, const Json& b);

/// len(value): elements, members, or code points of a string.
Expected<std::size_t> PythonLength(const Json& value, std::string_view what);
/// Lists and dicts cannot be looked up in a dict.
inline bool IsHashable(const Json& value) { return !value.is_array() && !value.is_object(); }

}  // namespace xsweep
