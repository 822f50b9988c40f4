// What a part accepts, said once: a table bound to the members of a struct whose initialisers are the defaults.
// SPDX-License-Identifier: Apache-2.0
//
// The same table checks configs, prints the JSON Schema, documents the part and fills the struct. A part writes
//
//   struct RefundSettings { double threshold = 200; };  // the initialiser is the default
//   const Options<RefundSettings> kRefundOptions = {
//       Opt("threshold", &RefundSettings::threshold, "USD; a call that names more is denied.", {.minimum = 0})};
//   DefenseEntry RefundLimitEntry() {
//     return DefenseEntry::Of({.name = "refund_limit", .summary = "..."}, kRefundOptions, PrepareRefundLimit);
//   }
//
// and `PrepareRefundLimit(const RefundSettings&)` gets values that are present, of their type and within their bounds.
// Members: bool, int, std::uint32_t, std::int64_t, double, std::string, std::vector<std::string>, NumberRange,
// NamedPart, std::vector<NamedPart>, enums that have words, Json (say the type in the bounds), and std::optional of
// any: absent stays absent.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/each.h"
#include "base/json.h"

namespace xsweep {

enum class OptionType {
  kBool,
  kInteger,
  kNumber,
  kString,
  kStringList,   ///< a list of strings; `minimum` bounds its length
  kNumberRange,  ///< [low, high], low <= high
  kPart,         ///< a mapping {name: ..., options...} of the same role
  kPartList,     ///< a list of such mappings
  kList,         ///< a list of anything; the part checks its items in `prepare`
  kMapping,      ///< a mapping of anything; the part checks it in `prepare`
  kAny,
};

struct OptionSpec {
  std::string name;
  OptionType type = OptionType::kString;
  std::string help{};  ///< one sentence, shown by `xsweep schema` and the docs
  Json fallback{};     ///< filled in when absent; null means: absent stays absent
  bool required = false;
  std::optional<double> minimum{};
  std::optional<double> maximum{};
  std::vector<std::string> choices{};  ///< of a kString: the only values allowed; empty means any
};

/// One part of a role: its name in configs and what may stand beside the name.
struct PartSpec {
  std::string name;
  std::string summary;
  std::vector<OptionSpec> options{};
  std::string model_role{};  ///< it asks the model `models.<role>`; empty: it asks none
  std::string example{};     ///< options for an example where the defaults do not do, a line of YAML each
};

/// Everything a config may name. `config` checks against it without knowing a single part.
struct PartSpecs {
  std::vector<PartSpec> environments;
  std::vector<PartSpec> agents;
  std::vector<PartSpec> attacks;
  std::vector<PartSpec> defenses;
  std::vector<PartSpec> judges;
  std::vector<PartSpec> providers;   ///< under `models.<role>`, named by `provider`
  std::vector<PartSpec> declared{};  ///< lists of records at the top of a config: goals, tasks, effects, vectors
};

const PartSpec* FindSpec(const std::vector<PartSpec>& specs, std::string_view name);
const OptionSpec* FindOption(const std::vector<OptionSpec>& options, std::string_view name);
std::vector<std::string> NamesOf(const std::vector<PartSpec>& specs);
std::vector<std::string> NamesOf(const std::vector<OptionSpec>& options);

struct NumberRange {
  double low = 0;
  double high = 0;
};

/// A part written as {name: ..., options...}: its name and the rest.
struct NamedPart {
  std::string name;
  Json options;
};

/// What an option asks of a value beyond its type.
struct Bounds {
  std::optional<double> minimum{};  ///< of a number, of both ends of a range, of the length of a list
  std::optional<double> maximum{};
  std::vector<std::string> choices{};
  bool required = false;             ///< it has no default, whatever the member says
  std::optional<OptionType> type{};  ///< of a Json member: kAny unless said
};

// How a member is written as a default and read from a checked value. A whole number is written without a fraction
// (200, not 200.0): configs are hashed as they are printed.
Json WriteOption(bool value);
Json WriteOption(int value);
Json WriteOption(std::uint32_t value);
Json WriteOption(std::int64_t value);
Json WriteOption(double value);
Json WriteOption(const std::string& value);
Json WriteOption(const std::vector<std::string>& value);
Json WriteOption(const NumberRange& value);
Json WriteOption(const NamedPart& value);
Json WriteOption(const std::vector<NamedPart>& value);
Json WriteOption(const Json& value);
void ReadOption(const Json& given, bool& value);
void ReadOption(const Json& given, int& value);
void ReadOption(const Json& given, std::uint32_t& value);
void ReadOption(const Json& given, std::int64_t& value);
void ReadOption(const Json& given, double& value);
void ReadOption(const Json& given, std::string& value);
void ReadOption(const Json& given, std::vector<std::string>& value);
void ReadOption(const Json& given, NumberRange& value);
void ReadOption(const Json& given, NamedPart& value);
void ReadOption(const Json& given, std::vector<NamedPart>& value);
void ReadOption(const Json& given, Json& value);

template <Worded Enum>
Json WriteOption(Enum value) {
  return NameOf(value);
}
template <Worded Enum>
void ReadOption(const Json& given, Enum& value) {
  value = Parse<Enum>(given.AsString()).value_or(value);
}
template <class Member>
Json WriteOption(const std::optional<Member>& value) {
  return value ? WriteOption(*value) : Json();
}
template <class Member>
void ReadOption(const Json& given, std::optional<Member>& value) {
  ReadOption(given, value.emplace());
}

template <class Member>
inline constexpr OptionType kOptionType = OptionType::kAny;
template <class Member>
inline constexpr OptionType kOptionType<std::optional<Member>> = kOptionType<Member>;
template <Worded Enum>
inline constexpr OptionType kOptionType<Enum> = OptionType::kString;
template <>
inline constexpr OptionType kOptionType<bool> = OptionType::kBool;
template <>
inline constexpr OptionType kOptionType<int> = OptionType::kInteger;
template <>
inline constexpr OptionType kOptionType<std::uint32_t> = OptionType::kInteger;
template <>
inline constexpr OptionType kOptionType<std::int64_t> = OptionType::kInteger;
template <>
inline constexpr OptionType kOptionType<double> = OptionType::kNumber;
template <>
inline constexpr OptionType kOptionType<std::string> = OptionType::kString;
template <>
inline constexpr OptionType kOptionType<std::vector<std::string>> = OptionType::kStringList;
template <>
inline constexpr OptionType kOptionType<NumberRange> = OptionType::kNumberRange;
template <>
inline constexpr OptionType kOptionType<NamedPart> = OptionType::kPart;
template <>
inline constexpr OptionType kOptionType<std::vector<NamedPart>> = OptionType::kPartList;

/// One option of a `T`, or of a base of it.
template <class T>
struct Option {
  OptionSpec spec;  ///< without its default, which the settings know
  std::function<Json(const T&)> write;
  std::function<void(const Json&, T&)> read;

  template <class Derived>
    requires(std::derived_from<Derived, T> && !std::same_as<Derived, T>)
  operator Option<Derived>() const {  // NOLINT(google-explicit-constructor): a table lists options of its bases too
    return {spec, write, read};
  }
};

/// The option `name`, bound to a member. `help` is one sentence.
template <class T, class Member>
Option<T> Opt(std::string_view name, Member T::* member, std::string_view help, Bounds bounds = {}) {
  if constexpr (Worded<Member>) {
    if (bounds.choices.empty()) bounds.choices.assign(kWords<Member>.begin(), kWords<Member>.end());
  }
  return {.spec = {.name = std::string(name),
                   .type = bounds.type.value_or(kOptionType<Member>),
                   .help = std::string(help),
                   .required = bounds.required,
                   .minimum = bounds.minimum,
                   .maximum = bounds.maximum,
                   .choices = std::move(bounds.choices)},
          .write = [member](const T& settings) { return WriteOption(settings.*member); },
          .read = [member](const Json& given, T& settings) { ReadOption(given, settings.*member); }};
}

/// The options of a `T` in the order in which they are shown.
template <class T>
class Options {
 public:
  Options(std::initializer_list<Option<T>> options) : options_(options) {}
  /// Those of a base first, then those of `T` itself.
  template <class Base>
  Options(const Options<Base>& base, std::initializer_list<Option<T>> options) {
    for (const Option<Base>& option : base.all()) options_.push_back(option);
    options_.insert(options_.end(), options);
  }

  const std::vector<Option<T>>& all() const { return options_; }
  /// The option of that name, or nullptr.
  const Option<T>* Find(std::string_view name) const {
    for (const Option<T>& option : options_) {
      if (option.spec.name == name) return &option;
    }
    return nullptr;
  }

  /// The table as data; `defaults` for parts that share a struct and differ in their defaults.
  std::vector<OptionSpec> Specs(const T& defaults = {}) const {
    std::vector<OptionSpec> specs;
    for (const Option<T>& option : options_) {
      specs.push_back(option.spec);
      if (!option.spec.required) specs.back().fallback = option.write(defaults);
    }
    return specs;
  }

  /// The values of `settings` by name; those without one are left out.
  Json Write(const T& settings) const {
    std::vector<Json::Member> members;
    for (const Option<T>& option : options_) {
      if (Json value = option.write(settings); !value.is_null())
        members.emplace_back(option.spec.name, std::move(value));
    }
    return Json::MakeObject(std::move(members));
  }

  /// `settings` with what a checked mapping says; what is absent or null stays.
  T Read(const Json& checked, T settings = {}) const {
    for (const Option<T>& option : options_) {
      const Json* given = checked.Find(option.spec.name);
      if (given != nullptr && !given->is_null()) option.read(*given, settings);
    }
    return settings;
  }

 private:
  std::vector<Option<T>> options_;
};

}  // namespace xsweep
