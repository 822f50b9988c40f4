// Pasted keys: keys that stand in the options of an agent or an environment.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/pasted_keys.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/characters.h"
#include "base/system/key_shape.h"
#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::size_t kShortestValue = 16;

bool IsFilledIn(std::string_view text) { return text.find_first_of("${") != std::string_view::npos; }

/// What may be a key where something says that one stands here: one word of letters and digits, and no path.
bool MayBeKey(std::string_view text) {
  if (text.starts_with("Bearer ") || text.starts_with("Basic ")) text = Trim(text.substr(text.find(' ')));
  const auto any = [&](auto is) { return std::ranges::any_of(text, [&](unsigned char c) { return is(c) != 0; }); };
  return text.size() >= kShortestValue && text.find_first_of("/ \t\n") == std::string_view::npos &&
         any([](int c) { return std::isdigit(c); }) && any([](int c) { return std::isalpha(c); });
}

/// Any word of it, also one behind `--key=` or `Bearer `.
bool HoldsKnownKey(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n=:,;\"'?&/@"), text.size());
    if (IsSurelyKey(text.substr(0, end))) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

/// `--api-key=VALUE`, `Authorization: VALUE`.
bool IsNamedKey(std::string_view text) {
  const std::size_t end = text.find_first_of("=:");
  if (end == std::string_view::npos || text.substr(0, end).contains(' ')) return false;
  return NamesAKey(text.substr(0, end)) && MayBeKey(Trim(text.substr(end + 1)));
}

bool HoldsKey(std::string_view name, const Json& value) {
  const auto in_item = [&](const Json& item) { return HoldsKey(name, item); };
  const auto in_member = [](const Json::Member& member) { return HoldsKey(member.first, member.second); };
  if (value.is_array()) return std::ranges::any_of(value.items(), in_item);
  if (value.is_object()) return std::ranges::any_of(value.members(), in_member);
  if (!value.is_string()) return false;
  const std::string_view text = value.AsString();
  if (HoldsKnownKey(text)) return true;
  if (IsFilledIn(text)) return false;
  const bool address = text.contains("://") && !text.contains(' ');
  if (address) return !KeyInAddress(text).empty();
  return IsNamedKey(text) || (NamesAKey(name) && MayBeKey(text));
}

}  // namespace

std::vector<Error> PastedKeys(const Json& options) {
  std::vector<Error> faults;
  const auto fault = [&](std::string message, const std::string& option) {
    faults.push_back({ErrorKind::kUser, std::move(message), option});
  };
  if (!options.is_object()) return faults;
  for (const auto& [option, value] : options.members()) {
    if (option.ends_with("_env")) {
      if (value.is_string() && !value.AsString().empty() && !NamesAVariable(value.AsString()))
        fault(
            fmt::format("`{}` must be the name of an environment variable, and not the key itself", Printable(option)),
            option);
    } else if (HoldsKey(option, value)) {
      fault(fmt::format("`{}` holds what looks like a key or password, and a config is written into every run; put it "
                        "into an environment variable",
                        Printable(option)),
            option);
    }
  }
  return faults;
}

}  // namespace xsweep
