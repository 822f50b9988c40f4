// Number: Python's int and float, and what its operators make of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <variant>

#include "base/error.h"

namespace xsweep {

// Without expression templates: values that refer to temporaries are nothing to save for numbers this small.
using Integer = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;
using Number = std::variant<Integer, double>;

enum class Operator : std::uint8_t { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kPower };

/// What `a op b` is in Python, to the last bit. Fails as an episode does, in Python's words, and for integers of more
/// than 16,384 bits, which nobody who means well asks for.
Expected<Number> Apply(Operator op, const Number& a, const Number& b);
Number Negate(Number number);
/// Fails for integers beyond the doubles.
Expected<double> ToDouble(const Number& number);

}  // namespace xsweep
