// Amounts as people, models and tools spell them: 300, 300.0, "300", " 3e2", "$1,200.50 USD", true.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// The number that a text states: blanks around it, a sign, an exponent, separators between digits and a currency
/// before or behind it are read; anything else is nothing. Never NaN; an infinity is the largest number of its sign.
std::optional<double> AmountIn(std::string_view text);

/// The same of a value: numbers as they are, true and false as 1 and 0, of a list or an object the largest within.
std::optional<double> AmountIn(const Json& value);

/// Whether a reader of amounts and blanks takes both for the same: 300 and "300.0", " a" and "a", element by element in
/// lists and member by member in objects.
bool SpellTheSame(const Json& a, const Json& b);

}  // namespace xsweep
