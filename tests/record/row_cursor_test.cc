// RowCursor: what it reads eight and sixteen bytes at a time is what one byte after the other says.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/row_cursor.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace xsweep {
namespace {

/// `text` with the bytes behind it that a cursor may look at.
std::string Padded(std::string text) { return text.append(kScanPadding, '\0'); }

std::optional<std::int64_t> CountOf(const std::string& text, std::int64_t limit = INT64_MAX) {
  const std::string bytes = Padded(text);
  RowCursor cursor(bytes.data());
  const std::int64_t value = cursor.Count(limit);
  return cursor.ok() ? std::optional(value) : std::nullopt;
}

std::optional<std::string> TextOf(const std::string& text) {
  const std::string bytes = Padded(text);
  RowCursor cursor(bytes.data()), of_hash(bytes.data());
  const std::string inside(cursor.Text());
  EXPECT_EQ(of_hash.Hash(), inside);
  EXPECT_EQ(of_hash.at(), cursor.at());
  return cursor.ok() ? std::optional(inside) : std::nullopt;
}

std::int64_t NanosOf(const std::string& text) {
  const std::string bytes = Padded(text);
  return RowCursor(bytes.data()).NanoUnits();
}

bool IsDecimal(const std::string& text) {
  const std::string bytes = Padded(text);
  RowCursor cursor(bytes.data());
  cursor.Decimal();
  return cursor.ok();
}

TEST(RowCursor, CountsDigitsOfEveryLength) {
  std::string digits;
  for (int length = 1; length <= 18; ++length) {
    digits += static_cast<char>('0' + length % 10);
    for (const char* after : {",", "}", "", ":", "/", "\x80"}) EXPECT_EQ(CountOf(digits + after), std::stoll(digits));
    EXPECT_EQ(CountOf("0" + digits), std::nullopt) << digits;
  }
  EXPECT_EQ(CountOf(digits + "9"), std::nullopt) << "19 digits";
  for (const char* other : {"", "-1", " 1", "a", "/", ":"}) EXPECT_EQ(CountOf(other), std::nullopt) << other;
  EXPECT_EQ(CountOf("0,"), 0);
  EXPECT_EQ(CountOf("2147483647,", INT32_MAX), INT32_MAX);
  EXPECT_EQ(CountOf("2147483648,", INT32_MAX), std::nullopt);
}

TEST(RowCursor, EndsAStringAtItsQuoteAndNowhereElse) {
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string plain(length, 'a');
    EXPECT_EQ(TextOf("\"" + plain + "\","), plain);
    EXPECT_EQ(TextOf("\"" + plain), std::nullopt);
    for (const char stop : {'\\', '\n', '\x01', '\x1f', '\x80', '\xff'}) {
      EXPECT_EQ(TextOf("\"" + plain + stop + "\","), std::nullopt) << length << ' ' << static_cast<int>(stop);
    }
    for (const char inside : {' ', '~', '\x7f', '/', '!', '#'}) {
      EXPECT_EQ(TextOf("\"" + plain + inside + "\","), plain + inside);
    }
  }
}

TEST(RowCursor, ReadsPricesExactly) {
  EXPECT_EQ(NanosOf("0.0367425}"), 36'742'500);
  EXPECT_EQ(NanosOf("12.5}"), 12'500'000'000);
  EXPECT_EQ(NanosOf("999999.999999999}"), 999'999'999'999'999);
  EXPECT_EQ(NanosOf("0.12345678}"), 123'456'780);
  EXPECT_EQ(NanosOf("0.000000001}"), 1);
  for (const char* other :
       {"1}", "1.}", ".5}", "01.5}", "1234567.5}", "0.1234567890}", "0.5e1}", "0.5E1}", "-0.5}", ""})
    EXPECT_EQ(NanosOf(other), -1) << other;
}

TEST(RowCursor, LeavesExponentsToOthers) {
  for (const char* number : {"0,", "235.0}", "-1.25}", "12345678901234567890.5}"})
    EXPECT_TRUE(IsDecimal(number)) << number;
  for (const char* other : {"1e5}", "1.5E2}", "01}", "1.}", "-}", ".5}", ""}) EXPECT_FALSE(IsDecimal(other)) << other;
}

}  // namespace
}  // namespace xsweep
