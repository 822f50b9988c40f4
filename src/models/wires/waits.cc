// How long a server asks to wait, in every spelling.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

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
                             "%a, %d %b %Y %H:%M:%S +0000", "%Y-%m-%dT%H:%M:%S"}) {
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

/// "1m30.5s", "20ms", "2h", "7.66s"; a bare number counts seconds.
std::optional<milliseconds> ReadDuration(std::string_view text) {
  double sum = 0;
  bool any = false;
  while (!text.empty()) {
    double value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || value < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t unit_end = std::min(text.find_first_of("0123456789. "), text.size());
    const std::string_view unit = text.substr(0, unit_end);
    text.remove_prefix(unit_end);
    double each = 0;
    if (unit == "ms") each = 0.001;
    if (unit == "s" || (unit.empty() && !any && text.empty())) each = 1;
    if (unit == "m") each = 60;
    if (unit == "h") each = 3600;
    if (unit == "d") each = 86400;
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
    const std::size_t at = header.name.find("ratelimit-");
    const std::size_t reset = header.name.find("reset");
    if (at == std::string::npos || reset == std::string::npos) continue;
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

/// "retryDelay": "30s" of Google's, "Please try again in 7.66s" of others.
std::optional<milliseconds> ReadBodyWait(std::string_view body) {
  body = body.substr(0, 8192);
  for (const std::string_view mark :
       {"\"retryDelay\"", "\"retry_after\"", "try again in ", "retry after ", "Retry after "}) {
    const std::size_t at = body.find(mark);
    if (at == std::string_view::npos) continue;
    std::string_view rest = body.substr(at + mark.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" :\""), rest.size()));
    const std::size_t end = std::min(rest.find_first_not_of("0123456789.mshd"), rest.size());
    std::string_view duration = rest.substr(0, end);
    while (duration.ends_with('.')) duration.remove_suffix(1);
    if (const auto wait = ReadDuration(duration)) return wait;
  }
  return std::nullopt;
}

}  // namespace

std::optional<milliseconds> ReadRetryAfter(const HttpResponse& response) {
  if (const std::string* text = response.Header("retry-after-ms")) {
    if (const auto value = ParseNumber(*text)) return FromSeconds(*value / 1000);
  }
  const std::string* text = response.Header("retry-after");
  if (text == nullptr) return std::nullopt;
  if (const auto value = ParseNumber(*text)) return FromSeconds(*value);
  return UntilDate(*text, response);
}

std::optional<milliseconds> ReadWait(const HttpResponse& response) {
  if (const auto wait = ReadRetryAfter(response)) return wait;
  if (const auto wait = ReadResets(response)) return wait;
  return ReadBodyWait(response.body);
}

}  // namespace xsweep
