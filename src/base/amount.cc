// Amounts as people, models and tools spell them.
// SPDX-License-Identifier: Apache-2.0
#include "base/amount.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/characters.h"

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 8> kCurrencies = {"US$", "USD", "usd", "dollars", "EUR", "$", "€", "£"};
constexpr double kLargest = std::numeric_limits<double>::max();

std::string_view WithoutCurrency(std::string_view text) {
  for (const std::string_view currency : kCurrencies) {
    if (text.starts_with(currency)) return Trim(text.substr(currency.size()));
    if (text.ends_with(currency)) return Trim(text.substr(0, text.size() - currency.size()));
  }
  return text;
}

/// The digits of East Asian keyboards (U+FF10 to U+FF19), which Python's float() takes, as ours.
std::string WithPlainDigits(std::string_view text) {
  constexpr std::string_view kLead = "\xEF\xBC";
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto last = i + 2 < text.size() ? static_cast<unsigned char>(text[i + 2]) : 0U;
    const bool wide = text.substr(i).starts_with(kLead) && last >= 0x90 && last <= 0x99;
    plain += wide ? static_cast<char>('0' + (last - 0x90)) : text[i];
    if (wide) i += 2;
  }
  return plain;
}

/// Commas and underscores between digits are dropped; one elsewhere makes the text no number.
std::optional<std::string> WithoutSeparators(std::string_view text) {
  std::string plain;
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool separator = text[i] == ',' || text[i] == '_';
    if (separator && (i == 0 || !digit(i - 1) || !digit(i + 1))) return std::nullopt;
    if (!separator) plain += text[i];
  }
  return plain;
}

std::optional<double> Finite(double value) {
  if (std::isnan(value)) return std::nullopt;
  return std::clamp(value, -kLargest, kLargest);
}

std::optional<double> LargestIn(const Json& value) {
  std::optional<double> largest;
  const auto take = [&](const Json& item) {
    const std::optional<double> amount = AmountIn(item);
    if (amount && (!largest || *amount > *largest)) largest = amount;
  };
  if (value.is_array()) std::ranges::for_each(value.items(), take);
  if (value.is_object())
    std::ranges::for_each(value.members(), [&](const Json::Member& member) { take(member.second); });
  return largest;
}

}  // namespace

std::optional<double> AmountIn(std::string_view text) {
  if (text.size() > 400) return std::nullopt;  // no amount; and a model may send megabytes
  const std::string plain_digits = WithPlainDigits(text);
  text = WithoutCurrency(Trim(plain_digits));
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text = WithoutCurrency(Trim(text.substr(1)));
  const std::optional<std::string> plain = WithoutSeparators(text);
  if (!plain || plain->empty() || plain->front() == '-' || plain->find('(') != std::string::npos) return std::nullopt;
  double value = 0;
  const char* const last = plain->data() + plain->size();
  const auto [end, code] = std::from_chars(plain->data(), last, value);
  if (end != last || code == std::errc::invalid_argument) return std::nullopt;
  if (code == std::errc::result_out_of_range) value = std::strtod(plain->c_str(), nullptr);
  return Finite(negative ? -value : value);
}

std::optional<double> AmountIn(const Json& value) {
  if (value.is_number()) return Finite(value.AsDouble());
  if (value.is_bool()) return value.AsBool() ? 1.0 : 0.0;
  if (value.is_string()) return AmountIn(std::string_view(value.AsString()));
  return LargestIn(value);
}

double AmountMoved(const Json& stated) {
  const bool nothing = stated.is_null() || (stated.is_string() && Trim(stated.AsString()).empty());
  return nothing ? 0 : AmountIn(stated).value_or(kLargest);
}

bool SpellTheSame(const Json& a, const Json& b) {
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.items(), b.items(), SpellTheSame);
  if (a.is_object() && b.is_object()) {
    return a.size() == b.size() && std::ranges::all_of(a.members(), [&](const Json::Member& member) {
             const Json* other = b.Find(member.first);
             return other != nullptr && SpellTheSame(member.second, *other);
           });
  }
  if (a.is_array() || a.is_object() || b.is_array() || b.is_object()) return false;
  const std::optional<double> x = AmountIn(a);
  const std::optional<double> y = AmountIn(b);
  if (x && y) return *x == *y;
  return a == b || (a.is_string() && b.is_string() && Trim(a.AsString()) == Trim(b.AsString()));
}

}  // namespace xsweep
