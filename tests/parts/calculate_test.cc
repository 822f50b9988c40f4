// The calculator answers as CPython 3.11 does, and always answers.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/calculate.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

std::string Answer(std::string_view expression) {
  const auto result = Calculate(expression);
  return result ? *result : "Error: " + result.error().message;
}
bool Fails(std::string_view expression) { return !Calculate(expression).has_value(); }

TEST(Calculator, RoundsToTwoDigitsAndPrintsAFloat) {
  EXPECT_EQ(Answer("2 + 2"), "4.0");
  EXPECT_EQ(Answer("466.75 + 288.82 + 135.24 + 193.38 + 46.66"), "1130.85");
  EXPECT_EQ(Answer("2/3"), "0.67");
  EXPECT_EQ(Answer("1.005"), "1.0");
  EXPECT_EQ(Answer("-0.001"), "-0.0");
  EXPECT_EQ(Answer("-0"), "0.0");
  EXPECT_EQ(Answer("0 / -5"), "-0.0");
}

TEST(Calculator, BindsAsPythonDoes) {
  EXPECT_EQ(Answer("2+2*3"), "8.0");
  EXPECT_EQ(Answer("-2**2"), "-4.0");
  EXPECT_EQ(Answer("2**3**2"), "512.0");
  EXPECT_EQ(Answer("2**-1"), "0.5");
  EXPECT_EQ(Answer("--5 - -(3)"), "8.0");
  EXPECT_EQ(Answer("-7//2"), "-4.0");
  EXPECT_EQ(Answer("7.5//2"), "3.0");
  EXPECT_EQ(Answer(" .5 + 1. "), "1.5");
}

TEST(Calculator, HasIntegersOfAnySizeAndDividesThemExactly) {
  EXPECT_EQ(Answer("10**20"), "1e+20");
  EXPECT_EQ(Answer("10**400 / 10**399"), "10.0");
  EXPECT_EQ(Answer("10**400 // 10**398 - 99"), "1.0");
  EXPECT_EQ(Answer("9007199254740993"), "9007199254740992.0");
  EXPECT_EQ(Answer("9007199254740995"), "9007199254740996.0");
  EXPECT_EQ(Answer("(2**64 - 1) / 2**11"), "9007199254740992.0");
}

TEST(Calculator, ReportsArithmeticErrorsAsPythonDoes) {
  EXPECT_EQ(Answer("1/0"), "Error: division by zero");
  EXPECT_EQ(Answer("1.0/0"), "Error: float division by zero");
  EXPECT_EQ(Answer("1//0"), "Error: integer division or modulo by zero");
  EXPECT_EQ(Answer("0**-1"), "Error: 0.0 cannot be raised to a negative power");
  EXPECT_EQ(Answer("10**400"), "Error: int too large to convert to float");
  EXPECT_EQ(Answer("10.0**400"), "Error: (34, 'Numerical result out of range')");
}

TEST(Calculator, RefusesWhatIsNoArithmetic) {
  for (const std::string_view bad :
       {"",   "  ",   "()",     ")",   "(1", "1)",    "1 2",       "1..2",  "1.2.3", "01", "1+",
        "*2", "5(3)", "(5)(3)", "...", ".",  "1* *2", "(-8)**0.5", "1 . 5", "2(",    "x",  "1e5"}) {
    EXPECT_TRUE(Fails(bad)) << bad;
  }
  EXPECT_EQ(Answer("00"), "0.0");
  EXPECT_EQ(Answer("01.5"), "1.5");
}

TEST(Calculator, ReturnsAtOnceWhereTheReferenceHangs) {
  EXPECT_TRUE(Fails("9**9**9"));
  EXPECT_TRUE(Fails("9**9**9 * 0"));
  EXPECT_TRUE(Fails(std::string(5000, '(') + "1" + std::string(5000, ')')));
  EXPECT_TRUE(Fails(std::string(9000, '-') + "1"));
  EXPECT_TRUE(Fails(std::string(20'000, '1')));
  EXPECT_EQ(Answer("1**99999999999999999999999"), "1.0");
}

TEST(Arithmetic, IsAskedByCharacters) {
  EXPECT_TRUE(IsArithmetic("1 + (2.5 // 3) ** 4 / 5 - 6"));
  EXPECT_FALSE(IsArithmetic("1e5"));
  EXPECT_FALSE(IsArithmetic("1\n"));
}

}  // namespace
}  // namespace xsweep
