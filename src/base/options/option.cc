// How the members of settings are written as defaults and read from checked values.
// SPDX-License-Identifier: Apache-2.0
#include "base/options/option.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace xsweep {

const PartSpec* FindSpec(const std::vector<PartSpec>& specs, std::string_view name) {
  const auto found = std::ranges::find(specs, name, &PartSpec::name);
  return found == specs.end() ? nullptr : &*found;
}
const OptionSpec* FindOption(const std::vector<OptionSpec>& options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &OptionSpec::name);
  return found == options.end() ? nullptr : &*found;
}
std::vector<std::string> NamesOf(const std::vector<PartSpec>& specs) {
  std::vector<std::string> names;
  names.reserve(specs.size());
  for (const PartSpec& spec : specs) names.push_back(spec.name);
  return names;
}
std::vector<std::string> NamesOf(const std::vector<OptionSpec>& options) {
  std::vector<std::string> names;
  names.reserve(options.size());
  for (const OptionSpec& option : options) names.push_back(option.name);
  return names;
}

Json WriteOption(bool value) { return value; }
Json WriteOption(int value) { return value; }
Json WriteOption(std::uint32_t value) { return value; }
Json WriteOption(std::int64_t value) { return value; }
Json WriteOption(const std::string& value) { return value; }
Json WriteOption(const Json& value) { return value; }

Json WriteOption(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const bool whole = std::floor(value) == value && std::abs(value) <= kExact;
  return whole ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

Json WriteOption(const std::vector<std::string>& value) {
  return Json::MakeArray(std::vector<Json>(value.begin(), value.end()));
}

Json WriteOption(const NumberRange& value) {
  return Json::MakeArray({WriteOption(value.low), WriteOption(value.high)});
}

Json WriteOption(const NamedPart& value) {
  if (value.name.empty()) return {};
  std::vector<Json::Member> members = {{"name", value.name}};
  if (value.options.is_object()) {
    members.insert(members.end(), value.options.members().begin(), value.options.members().end());
  }
  return Json::MakeObject(std::move(members));
}

Json WriteOption(const std::vector<NamedPart>& value) {
  Json list = Json::MakeArray();
  for (const NamedPart& part : value) list.Append(WriteOption(part));
  return list;
}

void ReadOption(const Json& given, bool& value) { value = given.AsBool(); }
void ReadOption(const Json& given, int& value) {
  constexpr std::int64_t kLeast = std::numeric_limits<int>::min();
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  value = static_cast<int>(std::clamp(given.AsInt(), kLeast, kMost));
}
void ReadOption(const Json& given, std::uint32_t& value) {
  value =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(given.AsInt(), 0, std::numeric_limits<std::uint32_t>::max()));
}
void ReadOption(const Json& given, std::int64_t& value) { value = given.AsInt(); }
void ReadOption(const Json& given, double& value) { value = given.AsDouble(); }
void ReadOption(const Json& given, std::string& value) { value = given.AsString(); }
void ReadOption(const Json& given, Json& value) { value = given; }

void ReadOption(const Json& given, std::vector<std::string>& value) {
  value.clear();
  for (const Json& item : given.items()) value.push_back(item.AsString());
}

void ReadOption(const Json& given, NumberRange& value) {
  value = {.low = given.items().at(0).AsDouble(), .high = given.items().at(1).AsDouble()};
}

void ReadOption(const Json& given, NamedPart& value) {
  value = {.name = std::string(given.StringOr("name", {})), .options = given};
  value.options.Erase("name");
}

void ReadOption(const Json& given, std::vector<NamedPart>& value) {
  value.clear();
  for (const Json& item : given.items()) ReadOption(item, value.emplace_back());
}

}  // namespace xsweep
