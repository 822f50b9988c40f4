// Each: words of an enum said once, and one value for each of them.
//
// An enum gets its words by one specialisation of kWords, in the order of its enumerators, which count from 0:
//
//   enum class Role { kAgent, kUser };
//   template <> inline constexpr std::array<std::string_view, 2> kWords<Role> = {"agent", "user"};
//
// NameOf, Parse, kEvery and Each then know it. A table that is too short or too long does not compile.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace xsweep {

/// The words of an enum as they are read and written; specialised beside the enum.
template <class Enum>
inline constexpr std::array<std::string_view, 0> kWords{};

namespace each_detail {

/// The compiler's own spelling of a value: "...::kName" for an enumerator, "(...)5" for a number that is none.
template <auto kValue>
consteval bool IsEnumerator() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t value = text.rfind("kValue = ");
  return text[value + 9] != '(';
}

template <class Enum, std::size_t... kPlaces>
constexpr std::array<Enum, sizeof...(kPlaces)> List(std::index_sequence<kPlaces...>) {
  return {static_cast<Enum>(kPlaces)...};
}

}  // namespace each_detail

/// An enum with exactly one word for each of its enumerators.
template <class Enum>
concept Worded = std::is_enum_v<Enum> && !kWords<Enum>.empty() &&
                 each_detail::IsEnumerator<static_cast<Enum>(kWords<Enum>.size() - 1)>() &&
                 !each_detail::IsEnumerator<static_cast<Enum>(kWords<Enum>.size())>();

template <Worded Enum>
inline constexpr std::size_t kCount = kWords<Enum>.size();

/// Every enumerator, in order.
template <Worded Enum>
inline constexpr std::array<Enum, kCount<Enum>> kEvery =
    each_detail::List<Enum>(std::make_index_sequence<kCount<Enum>>());

template <Worded Enum>
constexpr std::string_view NameOf(Enum value) {
  return kWords<Enum>[static_cast<std::size_t>(value)];
}

template <Worded Enum>
constexpr std::optional<Enum> Parse(std::string_view word) {
  for (const Enum value : kEvery<Enum>) {
    if (NameOf(value) == word) return value;
  }
  return std::nullopt;
}

/// "agent, user, attacker": what could have been written.
template <Worded Enum>
std::string WordsOf() {
  std::string all;
  for (const std::string_view word : kWords<Enum>) (all += all.empty() ? "" : ", ") += word;
  return all;
}

/// One value for each enumerator, reached by it.
template <Worded Enum, class Value>
struct Each {
  std::array<Value, kCount<Enum>> values{};

  constexpr Value& operator[](Enum of) { return values[static_cast<std::size_t>(of)]; }
  constexpr const Value& operator[](Enum of) const { return values[static_cast<std::size_t>(of)]; }
  constexpr auto begin() { return values.begin(); }
  constexpr auto end() { return values.end(); }
  constexpr auto begin() const { return values.begin(); }
  constexpr auto end() const { return values.end(); }
  static constexpr std::size_t size() { return kCount<Enum>; }
  friend constexpr bool operator==(const Each&, const Each&) = default;
};

}  // namespace xsweep
