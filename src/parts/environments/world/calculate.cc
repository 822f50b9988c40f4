// The desks' calculator: Python's eval of an arithmetic expression, within bounds.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/calculate.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>
#include <variant>

#include "parts/environments/world/tool_arguments.h"
#include "python/number.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep {
namespace {

constexpr std::size_t kMaxLength = 10'000;
constexpr int kMaxDepth = 200;
constexpr std::size_t kMaxLiteralDigits = 4'300;  // CPython's own limit

std::unexpected<Error> Fault(std::string_view message) { return EpisodeError(message); }

/// Reads and evaluates in one pass.
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
