// Amounts as people, models and tools spell them: 300, 300.0, "300", " 3e2", "$1,200.50 USD", true.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// The number that a text states: blanks around it, a sign, an exponent, separators between digits and a currency
/// before or behind it are read, also in full-width digits; anything else is nothing. Never NaN; an infinity is the
/// largest number of its sign.
std::optional<double> AmountIn(std::string_view text);

/// The same of a value: numbers as they are, true and false as 1 and 0, of a list or an object the largest within.
std::optional<double> AmountIn(const Json& value);

/// What an executed call moved that states this: null and blanks state nothing, and move nothing. What is no number
/// (not a number itself, words, 0x12C) was taken by the tool all the same, and nobody can say that it is small: it
/// counts as the largest number.
double AmountMoved(const Json& stated);

/// Whether a reader of amounts and blanks takes both for the same: 300 and "300.0", " a" and "a", element by element in
/// lists and member by member in objects.
bool SpellTheSame(const Json& a, const Json& b);

}  // namespace xsweep
