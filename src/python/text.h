// Values as Python prints them: json.dumps, str, repr and round.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// `kSorted` is Python's `sort_keys=True`, at every level: by code point, which in UTF-8 is by byte.
enum class KeyOrder : std::uint8_t { kInsertion, kSorted };

/// Appends `json.dumps(value)`: ", " and ": ", every character but printable ASCII as \uXXXX (two of them beyond the
/// basic plane), floats by repr, NaN, Infinity and -Infinity by name.
void AppendPythonJson(const Json& value, std::string& out, KeyOrder order = KeyOrder::kInsertion);
std::string PythonJson(const Json& value, KeyOrder order = KeyOrder::kInsertion);
/// Appends `json.dumps(text)` of a UTF-8 string, with its quotes.
void AppendPythonJsonString(std::string_view text, std::string& out);

/// Appends `repr(value)`: True, None, 'it', "it's", 25.0, 1e+22, [1, 'a'], {'k': -0.0}.
void AppendPythonRepr(const Json& value, std::string& out);
std::string PythonRepr(const Json& value);
/// Appends `repr(text)` of a UTF-8 string; what is printable is as in Unicode 14 (CPython 3.11).
void AppendPythonReprString(std::string_view text, std::string& out);
/// Appends `repr(value)` of a float; also nan, inf and -inf.
void AppendPythonFloat(double value, std::string& out);

/// Appends `str(value)`, which is what an f-string prints: a string as it is, anything else by repr.
void AppendPythonStr(const Json& value, std::string& out);
std::string PythonStr(const Json& value);

/// `round(value, 2)`: the double nearest to the exact decimal value rounded half to even at two digits.
double RoundToCents(double value);

}  // namespace xsweep
