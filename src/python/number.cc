// Number: Python's arithmetic of int and float.
// SPDX-License-Identifier: Apache-2.0
#include "python/number.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace xsweep {
namespace {

constexpr std::size_t kMaxBits = 16'384;

std::unexpected<Error> Fault(std::string_view message) { return EpisodeError(message); }

long Bits(const Integer& magnitude) { return magnitude.is_zero() ? 0 : static_cast<long>(msb(magnitude)) + 1; }

// The double nearest to magnitude * 2^exponent, ties to even; `sticky`: the true value is a little larger than that.
// Needs at least 55 bits of magnitude when sticky. Empty when it overflows.
std::optional<double> Nearest(Integer magnitude, long exponent, bool sticky) {
  constexpr long kMantissa = 53;
  constexpr long kLowest = -1074;
  const long drop = std::max(Bits(magnitude) - kMantissa, kLowest - exponent);
  if (drop > 0) {
    const auto shift = static_cast<unsigned>(drop);
    const Integer half = Integer(1) << (shift - 1);
    const Integer rest = magnitude & ((Integer(1) << shift) - 1);
    magnitude >>= shift;
    exponent += drop;
    const bool odd = bit_test(magnitude, 0);
    if (rest > half || (rest == half && (sticky || odd))) ++magnitude;
  }
  const double value =
      std::ldexp(static_cast<double>(static_cast<std::uint64_t>(magnitude)), static_cast<int>(exponent));
  if (std::isinf(value)) return std::nullopt;
  return value;
}

Expected<double> NearestDouble(const Integer& value) {
  const auto nearest = Nearest(abs(value), 0, false);
  if (!nearest) return Fault("int too large to convert to float");
  return value < 0 ? -*nearest : *nearest;
}
Expected<Number> Bounded(Integer value) {
  if (Bits(abs(value)) > static_cast<long>(kMaxBits))
    return Fault("the expression comes to a number too large for this calculator");
  return Number(std::move(value));
}

// --- Integers -----------------------------------------------------------------------------------------------------

// Python divides integers exactly and rounds once, so 10**400 / 10**399 is 10.0.
Expected<Number> TrueDivide(const Integer& a, const Integer& b) {
  if (b.is_zero()) return Fault("division by zero");
  if (a.is_zero()) return Number(b < 0 ? -0.0 : 0.0);
  Integer dividend = abs(a);
  Integer divisor = abs(b);
  const long shift = Bits(divisor) - Bits(dividend) + 66;
  if (shift > 0) {
    dividend <<= static_cast<unsigned>(shift);
  } else {
    divisor <<= static_cast<unsigned>(-shift);
  }
  Integer quotient;
  Integer rest;
  divide_qr(dividend, divisor, quotient, rest);
  const auto nearest = Nearest(std::move(quotient), -shift, !rest.is_zero());
  if (!nearest) return Fault("integer division result too large for a float");
  return Number((a < 0) != (b < 0) ? -*nearest : *nearest);
}

Expected<Number> FloorDivide(const Integer& a, const Integer& b) {
  if (b.is_zero()) return Fault("integer division or modulo by zero");
  Integer quotient;
  Integer rest;
  divide_qr(a, b, quotient, rest);
  if (!rest.is_zero() && (a < 0) != (b < 0)) --quotient;
  return Bounded(std::move(quotient));
}

Expected<Number> RealPower(double base, double exponent);

Expected<Number> Power(const Integer& base, const Integer& exponent) {
  // Python leaves the integers here, even for powers that would come out whole.
  if (exponent < 0) {
    TRY_ASSIGN(const double real_base, NearestDouble(base));
    TRY_ASSIGN(const double real_exponent, NearestDouble(exponent));
    return RealPower(real_base, real_exponent);
  }
  const Integer magnitude = abs(base);
  if (magnitude <= 1) {
    const bool negative = base < 0 && bit_test(exponent, 0);
    return Number(exponent.is_zero() ? Integer(1) : negative ? Integer(-1) : magnitude);
  }
  // The result has more than (bits - 1) * exponent bits.
  if (exponent > kMaxBits || (Bits(magnitude) - 1) * static_cast<long>(exponent) > static_cast<long>(kMaxBits)) {
    return Fault("the expression comes to a number too large for this calculator");
  }
  return Bounded(pow(base, static_cast<unsigned>(exponent)));
}

// --- Floats -------------------------------------------------------------------------------------------------------

// As CPython derives it from fmod, so that the last bit agrees.
Expected<Number> RealFloorDivide(double a, double b) {
  if (b == 0) return Fault("float floor division by zero");
  const double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return Number(std::copysign(0.0, a / b));
  const double whole = std::floor(quotient);
  return Number(quotient - whole > 0.5 ? whole + 1 : whole);
}

Expected<Number> RealPower(double base, double exponent) {
  if (base == 0 && exponent < 0) return Fault("0.0 cannot be raised to a negative power");
  if (base < 0 && std::isfinite(base) && std::isfinite(exponent) && exponent != std::floor(exponent)) {
    return Fault("the expression comes to a complex number, not a real one");
  }
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
    return Fault("(34, 'Numerical result out of range')");
  }
  return Number(result);
}

// --- Both ---------------------------------------------------------------------------------------------------------

Expected<Number> ApplyToIntegers(Operator op, const Integer& a, const Integer& b) {
  switch (op) {
    case Operator::kAdd: return Bounded(a + b);
    case Operator::kSubtract: return Bounded(a - b);
    case Operator::kMultiply: return Bounded(a * b);
    case Operator::kDivide: return TrueDivide(a, b);
    case Operator::kFloorDivide: return FloorDivide(a, b);
    case Operator::kPower: break;
  }
  return Power(a, b);
}

Expected<Number> ApplyToReals(Operator op, double a, double b) {
  switch (op) {
    case Operator::kAdd: return Number(a + b);
    case Operator::kSubtract: return Number(a - b);
    case Operator::kMultiply: return Number(a * b);
    case Operator::kDivide:
      if (b == 0) return Fault("float division by zero");
      return Number(a / b);
    case Operator::kFloorDivide: return RealFloorDivide(a, b);
    case Operator::kPower: break;
  }
  return RealPower(a, b);
}

}  // namespace

Expected<double> ToDouble(const Number& number) {
  if (const double* real = std::get_if<double>(&number)) return *real;
  return NearestDouble(std::get<Integer>(number));
}

Expected<Number> Apply(Operator op, const Number& a, const Number& b) {
  if (std::holds_alternative<Integer>(a) && std::holds_alternative<Integer>(b)) {
    return ApplyToIntegers(op, std::get<Integer>(a), std::get<Integer>(b));
  }
  TRY_ASSIGN(const double left, ToDouble(a));
  TRY_ASSIGN(const double right, ToDouble(b));
  return ApplyToReals(op, left, right);
}

Number Negate(Number number) {
  std::visit([](auto& value) { value = -value; }, number);
  return number;
}

}  // namespace xsweep
