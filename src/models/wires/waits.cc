// How long a server asks to wait, in every spelling.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

#include "base/characters.h"
#include "base/text.h"
#include "models/replies/lenient.h"
#include "models/wires/failures.h"

namespace xsweep {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr double kLongest = 1e6;  // seconds; more is nonsense

std::optional<milliseconds> FromSeconds(double value) {
  if (!(value >= 0 && value <= kLongest)) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(value * 1000 + 0.999));
}

/// "Wed, 21 Oct 2026 07:28:00 GMT" and the two older forms that HTTP allows, or RFC 3339.
std::optional<std::int64_t> ReadDate(const std::string& text) {
  for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y",
                             "%a, %d %b %Y %H:%M:%S -0000", "%a, %d %b %Y %H:%M:%S +0000", "%Y-%m-%dT%H:%M:%S"}) {
    std::tm broken{};
    const char* end = strptime(text.c_str(), format, &broken);
    if (end == nullptr) continue;
    const std::string_view rest(end);
    const bool zone_is_utc =
        rest.empty() || rest == "Z" || rest == "+00:00" || (rest.starts_with('.') && rest.ends_with('Z'));
    if (zone_is_utc) return static_cast<std::int64_t>(timegm(&broken));
  }
  return std::nullopt;
}

/// The server's clock where it shows it: ours may be wrong, and the difference is all that counts.
std::int64_t ServersNow(const HttpResponse& response) {
  const std::string* date = response.Header("date");
  const auto shown = date == nullptr ? std::nullopt : ReadDate(*date);
  return shown.value_or(static_cast<std::int64_t>(std::time(nullptr)));
}

std::optional<milliseconds> UntilDate(const std::string& text, const HttpResponse& response) {
  const auto date = ReadDate(text);
  if (!date) return std::nullopt;
  return FromSeconds(static_cast<double>(std::max<std::int64_t>(*date - ServersNow(response), 0)));
}

/// Seconds in a unit, as a letter or as a word; 0 for what is none.
double UnitInSeconds(std::string_view unit) {
  struct Unit {
    std::string_view letters;
    std::string_view word;
    double seconds;
  };
  constexpr std::array<Unit, 5> kUnits = {{{"ms", "millisecond", 0.001},
                                           {"s", "second", 1},
                                           {"m", "minute", 60},
                                           {"h", "hour", 3600},
                                           {"d", "day", 86400}}};
  if (unit.size() > 3 && unit.ends_with('s')) unit.remove_suffix(1);
  if (unit == "sec") return 1;
  if (unit == "min") return 60;
  const auto found =
      std::ranges::find_if(kUnits, [&](const Unit& one) { return unit == one.letters || unit == one.word; });
  return found == kUnits.end() ? 0 : found->seconds;
}

/// "1m30.5s", "20ms", "2h", "7.66s", "4 seconds"; a bare number counts seconds.
std::optional<milliseconds> ReadDuration(std::string_view text) {
  double sum = 0;
  bool any = false;
  while (!text.empty()) {
    double value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || value < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t unit_begin = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t unit_end = std::min(text.find_first_of("0123456789. ", unit_begin), text.size());
    const std::string_view unit = text.substr(unit_begin, unit_end - unit_begin);
    text.remove_prefix(unit_end);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const double each = unit.empty() && !any && text.empty() ? 1 : UnitInSeconds(unit);
    if (each == 0) return std::nullopt;
    sum += value * each;
    any = true;
  }
  return any ? FromSeconds(sum) : std::nullopt;
}

/// A reset as a duration, as seconds, as a moment since 1970 (in seconds or milliseconds), or as a date.
std::optional<milliseconds> ReadReset(const std::string& text, const HttpResponse& response) {
  if (const auto number = ParseNumber(text); number && *number > 1e9) {
    const double moment = *number > 1e11 ? *number / 1000 : *number;
    return FromSeconds(std::max(0.0, moment - static_cast<double>(ServersNow(response))));
  }
  if (const auto duration = ReadDuration(text)) return duration;
  return UntilDate(text, response);
}

/// The longest of the resets of limits that are used up; of all when no header says which are.
std::optional<milliseconds> ReadResets(const HttpResponse& response) {
  std::optional<milliseconds> of_used_up;
  std::optional<milliseconds> of_unknown;
  for (const HttpHeader& header : response.headers) {
    const bool of_rate =
        header.name.find("ratelimit-") != std::string::npos || header.name.find("rate-limit-") != std::string::npos;
    const std::size_t reset = header.name.find("reset");
    if (!of_rate || reset == std::string::npos) continue;
    const auto wait = ReadReset(header.value, response);
    if (!wait) continue;
    std::string remaining = header.name;
    remaining.replace(reset, 5, "remaining");
    const std::string* left = response.Header(remaining);
    const auto count = left == nullptr ? std::nullopt : ParseNumber(*left);
    if (!count) of_unknown = std::max(of_unknown.value_or(*wait), *wait);
    if (count && *count <= 0) of_used_up = std::max(of_used_up.value_or(*wait), *wait);
  }
  return of_used_up ? of_used_up : of_unknown;
}

/// The draft's one header for all: `limit=10, remaining=0, reset=4`, or `"default";r=0;t=4`. Empty while anything
/// remains.
std::optional<milliseconds> ReadRateLimit(std::string_view text) {
  std::optional<milliseconds> longest;
  std::optional<double> remaining, reset;
  const auto member = [&](std::string_view piece) {
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view name = Trim(piece.substr(0, equals));
    const auto value = ParseNumber(std::string(Trim(piece.substr(equals + 1))));
    if (name == "remaining" || name == "r") remaining = value;
    if (name == "reset" || name == "t") reset = value;
    if (!reset || remaining.value_or(0) > 0) return;
    if (const auto wait = FromSeconds(*reset)) longest = std::max(longest.value_or(*wait), *wait);
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(",;"), text.size());
    member(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return longest;
}

/// The number and unit that `text` begins with: "7.66s", "4 seconds before ...".
std::string_view LeadingDuration(std::string_view text) {
  std::size_t end = std::min(text.find_first_not_of("0123456789.mshd"), text.size());
  if (text.substr(end).starts_with(' ')) {
    const std::size_t word = std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz", end + 1), text.size());
    if (UnitInSeconds(text.substr(end + 1, word - end - 1)) > 0) end = word;
  }
  std::string_view duration = text.substr(0, end);
  while (duration.ends_with('.')) duration.remove_suffix(1);
  return duration;
}

/// "retryDelay": "30s" of Google's, "Please try again in 7.66s" and "wait 4 seconds" of others, headers of a server
/// behind that a gateway wrote into its body.
std::optional<milliseconds> ReadBodyWait(const HttpResponse& response) {
  const std::string body = AsciiLower(std::string_view(response.body).substr(0, 8192));
  for (const std::string_view mark :
       {"\"retrydelay\"", "\"retry_after\"", "\"retry-after\"", "\"retry_after_seconds\"", "\"estimated_time\"",
        "try again in ", "try again after ", "retry after ", "retry in ", "please wait "}) {
    const std::size_t at = body.find(mark);
    if (at == std::string::npos) continue;
    std::string_view rest = std::string_view(body).substr(at + mark.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" :\""), rest.size()));
    if (const auto wait = ReadDuration(LeadingDuration(rest))) return wait;
  }
  constexpr std::string_view kReset = "\"x-ratelimit-reset\"";
  const std::size_t at = body.find(kReset);
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(body).substr(at + kReset.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" :\""), rest.size()));
  return ReadReset(std::string(rest.substr(0, std::min(rest.find_first_not_of("0123456789."), rest.size()))), response);
}

}  // namespace

std::optional<milliseconds> ReadRetryAfter(const HttpResponse& response) {
  for (const std::string_view name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
    const std::string* text = response.Header(name);
    const auto value = text == nullptr ? std::nullopt : ParseNumber(*text);
    if (value) return FromSeconds(*value / 1000);
  }
  const std::string* text = response.Header("retry-after");
  return text == nullptr ? std::nullopt : ReadReset(*text, response);
}

std::optional<milliseconds> ReadWait(const HttpResponse& response) {
  const auto stated = ReadRetryAfter(response);
  if (stated && *stated > milliseconds(0)) return stated;
  if (const auto wait = ReadResets(response)) return wait;
  if (const std::string* limits = response.Header("ratelimit")) {
    if (const auto wait = ReadRateLimit(*limits)) return wait;
  }
  const auto told = ReadBodyWait(response);
  return told ? told : stated;
}

}  // namespace xsweep
