// The options of a part: checked against its table and completed with defaults.
// SPDX-License-Identifier: Apache-2.0
#include "episode/part_options.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace xsweep {
namespace {

std::string_view TypeText(OptionType type) {
  switch (type) {
    case OptionType::kBool: return "true or false";
    case OptionType::kInteger: return "an integer";
    case OptionType::kNumber: return "a number";
    case OptionType::kString: return "a string";
    case OptionType::kStringList: return "a list of strings";
    case OptionType::kNumberRange: return "a range [low, high]";
    case OptionType::kPart: return "a mapping with a name";
    case OptionType::kPartList: return "a list of mappings with a name";
    case OptionType::kList: return "a list";
    case OptionType::kMapping: return "a mapping";
    case OptionType::kAny: return "anything";
  }
  return "";
}

bool AllItems(const Json& value, bool (Json::*is)() const) {
  return value.is_array() && std::ranges::all_of(value.items(), [&](const Json& item) { return (item.*is)(); });
}

bool HasType(const Json& value, OptionType type) {
  switch (type) {
    case OptionType::kBool: return value.is_bool();
    case OptionType::kInteger: return value.is_int();
    case OptionType::kNumber: return value.is_number();
    case OptionType::kString: return value.is_string();
    case OptionType::kStringList: return AllItems(value, &Json::is_string);
    case OptionType::kNumberRange:
      return AllItems(value, &Json::is_number) && value.size() == 2 &&
             value.items()[0].AsDouble() <= value.items()[1].AsDouble();
    case OptionType::kPart:
    case OptionType::kMapping: return value.is_object();
    case OptionType::kPartList: return AllItems(value, &Json::is_object);
    case OptionType::kList: return value.is_array();
    case OptionType::kAny: return true;
  }
  return false;
}

// What a range bounds: the number, both ends of a range, the length of a list.
bool InRange(const OptionSpec& option, const Json& value) {
  const auto within = [&](double number) {
    return !(option.minimum && number < *option.minimum) && !(option.maximum && number > *option.maximum);
  };
  if (option.type == OptionType::kNumberRange) {
    return within(value.items()[0].AsDouble()) && within(value.items()[1].AsDouble());
  }
  if (value.is_number()) return within(value.AsDouble());
  return !value.is_array() || within(static_cast<double>(value.size()));
}

Status CheckOption(const OptionSpec& option, const Json& value, std::string_view where) {
  if (!HasType(value, option.type)) {
    return UserError(fmt::format("`{}` must be {}, not {}", option.name, TypeText(option.type), value.Dump()),
                     std::string(where));
  }
  if (!InRange(option, value)) {
    return UserError(fmt::format("`{}` is {}, which is out of its range", option.name, value.Dump()),
                     std::string(where));
  }
  if (value.is_string() && !option.choices.empty() &&
      std::ranges::find(option.choices, value.AsString()) == option.choices.end()) {
    return UserError(fmt::format("`{}` is \"{}\", which is none of {}", option.name, value.AsString(),
                                 fmt::join(option.choices, ", ")),
                     std::string(where));
  }
  return {};
}

}  // namespace

Expected<Json> CompleteOptions(const PartSpec& spec, const Json& options, std::string_view where) {
  if (!options.is_object() && !options.is_null()) return UserError("options must be a mapping", std::string(where));
  Json complete = Json::MakeObject();
  for (const OptionSpec& option : spec.options) {
    const Json* given = options.Find(option.name);
    if (given == nullptr || given->is_null()) {
      if (option.required) return UserError(fmt::format("`{}` is missing", option.name), std::string(where));
      if (!option.fallback.is_null()) complete.Set(option.name, option.fallback);
      continue;
    }
    TRY(CheckOption(option, *given, where));
    complete.Set(option.name, *given);
  }
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::string& key = options.members()[i].first;
    if (std::ranges::find(spec.options, key, &OptionSpec::name) == spec.options.end()) {
      return UserError(fmt::format("unknown option `{}`", key), std::string(where));
    }
  }
  return complete;
}

Error UnknownPart(std::string_view role, std::string_view name, const std::vector<std::string>& known) {
  return {ErrorKind::kUser, fmt::format("no {} is called `{}`; there are {}", role, name, fmt::join(known, ", ")), {}};
}

std::vector<std::string> StringList(const Json& options, std::string_view key) {
  std::vector<std::string> strings;
  if (const Json* list = options.Find(key); list != nullptr && list->is_array()) {
    for (const Json& item : list->items()) strings.push_back(item.AsString());
  }
  return strings;
}

Expected<NamedPart> ReadNamedPart(const Json& mapping, std::string_view where) {
  const std::string_view name = mapping.StringOr("name", {});
  if (name.empty()) return UserError("a part needs a `name`", std::string(where));
  Json options = mapping;
  options.Erase("name");
  return NamedPart{.name = std::string(name), .options = std::move(options)};
}

}  // namespace xsweep
