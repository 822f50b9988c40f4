// The desks' calculator: Python's eval of an arithmetic expression, within bounds.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/calculate.h"

#include <fmt/format.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <variant>

#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep {
namespace {

// Without expression templates: values that refer to temporaries are nothing to save for numbers this small.
using Integer = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;
using Number = std::variant<Integer, double>;

constexpr std::size_t kMaxLength = 10'000;
constexpr int kMaxDepth = 200;
constexpr std::size_t kMaxBits = 16'384;
constexpr std::size_t kMaxLiteralDigits = 4'300;  // CPython's own limit

std::unexpected<Error> Fault(std::string_view message) { return EpisodeError(message); }
std::unexpected<Error> TooLarge() { return Fault("int too large to convert to float"); }

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

Expected<double> ToDouble(const Integer& value) {
  const auto nearest = Nearest(abs(value), 0, false);
  if (!nearest) return TooLarge();
  return value < 0 ? -*nearest : *nearest;
}
Expected<double> ToDouble(const Number& number) {
  if (const double* real = std::get_if<double>(&number)) return *real;
  return ToDouble(std::get<Integer>(number));
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
  if (exponent < 0) {
    TRY_ASSIGN(const double real_base, ToDouble(base));
    TRY_ASSIGN(const double real_exponent, ToDouble(exponent));
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

enum class Operator : std::uint8_t { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kPower };

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

// --- Reading and evaluating in one pass ---------------------------------------------------------------------------

class Calculation {
 public:
  explicit Calculation(std::string_view text) : text_(text) {}

  Expected<Number> Run() {
    SkipSpaces();
    if (AtEnd()) return Fault("the expression is empty");
    TRY_ASSIGN(Number value, Sum());
    if (!AtEnd()) return Unexpected();
    return value;
  }

 private:
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  void SkipSpaces() {
    while (Peek() == ' ') ++at_;
  }
  /// Consumes `token` and the spaces after it, if it comes next.
  bool Take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    SkipSpaces();
    return true;
  }
  std::unexpected<Error> Unexpected() const {
    if (AtEnd()) return Fault("the expression ends where a number or ')' was expected");
    return Fault(fmt::format("invalid syntax: unexpected '{}' at character {} of the expression", Peek(), at_ + 1));
  }

  Expected<Number> Sum() {
    TRY_ASSIGN(Number value, Product());
    while (true) {
      const bool add = Take("+");
      if (!add && !Take("-")) return value;
      TRY_ASSIGN(const Number right, Product());
      TRY_ASSIGN(value, Apply(add ? Operator::kAdd : Operator::kSubtract, value, right));
    }
  }

  std::optional<Operator> TakeProductOperator() {
    if (Take("//")) return Operator::kFloorDivide;
    if (Take("/")) return Operator::kDivide;
    if (text_.substr(at_).starts_with("**")) return std::nullopt;
    if (Take("*")) return Operator::kMultiply;
    return std::nullopt;
  }

  Expected<Number> Product() {
    TRY_ASSIGN(Number value, Signed());
    while (const auto op = TakeProductOperator()) {
      TRY_ASSIGN(const Number right, Signed());
      TRY_ASSIGN(value, Apply(*op, value, right));
    }
    return value;
  }

  // Every recursion passes here, so here it is bounded.
  Expected<Number> Signed() {
    if (++depth_ > kMaxDepth) return Fault("the expression is nested too deeply");
    Expected<Number> value = SignedWithinDepth();
    --depth_;
    return value;
  }

  Expected<Number> SignedWithinDepth() {
    if (Take("+")) return Signed();
    if (Take("-")) {
      TRY_ASSIGN(Number value, Signed());
      return Negate(std::move(value));
    }
    TRY_ASSIGN(Number base, Primary());
    if (!Take("**")) return base;
    TRY_ASSIGN(const Number exponent, Signed());
    return Apply(Operator::kPower, base, exponent);
  }

  Expected<Number> Primary() {
    Expected<Number> value = Peek() == '(' ? Parenthesized() : Literal();
    if (value && Peek() == '(') return Fault("the expression lacks an operator before '('");
    return value;
  }

  Expected<Number> Parenthesized() {
    Take("(");
    if (Peek() == ')') return Fault("the expression has '()' where a number was expected");
    TRY_ASSIGN(Number value, Sum());
    if (AtEnd()) return Fault("the expression has a '(' that is never closed");
    if (!Take(")")) return Unexpected();
    return value;
  }

  std::string_view TakeDigits() {
    const std::size_t begin = at_;
    while (Peek() >= '0' && Peek() <= '9') ++at_;
    return text_.substr(begin, at_ - begin);
  }

  Expected<Number> Literal() {
    const std::size_t begin = at_;
    const std::string_view whole = TakeDigits();
    if (Peek() != '.') {
      if (whole.empty()) return Unexpected();
      SkipSpaces();
      return Whole(whole);
    }
    ++at_;
    const std::string_view fraction = TakeDigits();
    if (whole.empty() && fraction.empty()) return Fault("the expression has a '.' without digits");
    const std::string_view token = text_.substr(begin, at_ - begin);
    SkipSpaces();
    return Real(token, whole);
  }

  static Expected<Number> Whole(std::string_view digits) {
    const std::size_t first = digits.find_first_not_of('0');
    if (first == std::string_view::npos) return Number(Integer(0));
    if (first > 0) return Fault("the expression has an integer with leading zeros");
    if (digits.size() > kMaxLiteralDigits) return Fault("the expression has a number of more than 4,300 digits");
    return Number(Integer(std::string(digits)));
  }

  static Expected<Number> Real(std::string_view token, std::string_view whole) {
    double value = 0;
    if (std::from_chars(token.data(), token.data() + token.size(), value).ec == std::errc()) return Number(value);
    const bool huge = whole.find_first_not_of('0') != std::string_view::npos;
    return Number(huge ? std::numeric_limits<double>::infinity() : 0.0);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

bool IsArithmetic(std::string_view expression) {
  return expression.find_first_not_of("0123456789+-*/(). ") == std::string_view::npos;
}

Expected<std::string> Calculate(std::string_view expression) {
  if (expression.size() > kMaxLength) return Fault("the expression is longer than 10,000 characters");
  TRY_ASSIGN(const Number value, Calculation(expression).Run());
  TRY_ASSIGN(const double real, ToDouble(value));
  std::string text;
  AppendPythonFloat(RoundToCents(real), text);
  return text;
}

Expected<std::string> CalculateArgument(const Json& expression, const std::string& refusal) {
  if (expression.is_string()) {
    if (!IsArithmetic(expression.AsString())) return EpisodeError(refusal);
    return Calculate(expression.AsString());
  }
  // Python asks of each element of a list, each key of a dict, whether it is part of the allowed characters.
  const auto foreign = [](std::string_view part) {
    return std::string_view("0123456789+-*/(). ").find(part) == std::string_view::npos;
  };
  if (expression.is_array()) {
    for (const Json& part : expression.items()) {
      if (!part.is_string()) {
        return EpisodeError(fmt::format("'in <string>' requires string as left operand, not {}", PythonTypeName(part)));
      }
      if (foreign(part.AsString())) return EpisodeError(refusal);
    }
  } else if (expression.is_object()) {
    for (const auto& [part, value] : expression.members()) {
      if (foreign(part)) return EpisodeError(refusal);
    }
  }
  return BadArgument("expression", "a text", expression);
}

}  // namespace xsweep
