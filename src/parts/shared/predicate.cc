// Predicates on tool calls.
// SPDX-License-Identifier: Apache-2.0
#include "parts/shared/predicate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/amount.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 11> kOperators = {
    "==", "!=", ">", ">=", "<", "<=", "contains", "in", "glob", "exists", "absent"};

const Json* Step(const Json& parent, std::string_view step) {
  if (!parent.is_array()) return parent.Find(step);
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(step.data(), step.data() + step.size(), index);
  const bool whole = code == std::errc() && end == step.data() + step.size();
  return whole && index < parent.size() ? &parent.items()[index] : nullptr;
}

const Json* Follow(const Json& root, std::string_view path) {
  const Json* at = &root;
  while (at != nullptr) {
    const std::size_t dot = path.find('.');
    at = Step(*at, path.substr(0, dot));
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  return at;
}

// A list names no number here, whatever it holds.
std::optional<double> AsNumber(const Json& value) {
  if (value.is_array() || value.is_object()) return std::nullopt;
  return AmountIn(value);
}

bool Ordered(const Json& value, const std::string& op, const Json& bound) {
  const auto x = AsNumber(value);
  const auto y = AsNumber(bound);
  if (!x || !y) return false;
  if (op == ">") return *x > *y;
  if (op == ">=") return *x >= *y;
  return op == "<" ? *x < *y : *x <= *y;
}

// A string contains a part of it; a list contains an element.
bool Holds(const Json& whole, const Json& part) {
  if (whole.is_string()) return part.is_string() && whole.AsString().find(part.AsString()) != std::string::npos;
  if (!whole.is_array()) return false;
  return std::ranges::any_of(whole.items(), [&](const Json& item) { return SpellTheSame(item, part); });
}

bool Passes(const ToolCall& call, const ArgumentTest& test) {
  const Json* value = Follow(call.arguments, test.argument);
  if (value == nullptr) return test.op == "absent" || test.op == "!=";
  if (test.op == "exists") return true;
  if (test.op == "==") return SpellTheSame(*value, test.value);
  if (test.op == "!=") return !SpellTheSame(*value, test.value);
  if (test.op == "contains") return Holds(*value, test.value);
  if (test.op == "in") return Holds(test.value, *value);
  if (test.op == "glob") return value->is_string() && MatchesGlob(value->AsString(), test.value.AsString());
  return test.op != "absent" && Ordered(*value, test.op, test.value);
}

Status CheckValue(const ArgumentTest& test, std::string_view where) {
  const bool needs_number = test.op.starts_with('>') || test.op.starts_with('<');
  if (needs_number && !AsNumber(test.value)) {
    return UserError(fmt::format("`{}` with `{}` needs a number as its value", test.argument, test.op),
                     std::string(where));
  }
  if (test.op == "glob" && !test.value.is_string()) {
    return UserError(fmt::format("`{}` with `glob` needs a string as its value", test.argument), std::string(where));
  }
  if (test.op == "in" && !test.value.is_array()) {
    return UserError(fmt::format("`{}` with `in` needs a list as its value", test.argument), std::string(where));
  }
  return {};
}

Expected<ArgumentTest> ReadTest(const Json& mapping, std::string_view where) {
  ArgumentTest test{.argument = std::string(mapping.StringOr("argument", {})),
                    .op = std::string(mapping.StringOr("op", "==")),
                    .value = {}};
  if (test.argument.empty()) return UserError("each entry of `where` needs an `argument`", std::string(where));
  if (std::ranges::find(kOperators, test.op) == kOperators.end()) {
    return UserError(fmt::format("`op` is \"{}\", which is none of {}", test.op, fmt::join(kOperators, ", ")),
                     std::string(where));
  }
  if (const Json* value = mapping.Find("value")) test.value = *value;
  TRY(CheckValue(test, where));
  return test;
}

}  // namespace

bool MatchesGlob(std::string_view text, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      retry = at;
    } else if (in < pattern.size() && (pattern[in] == '?' || pattern[in] == text[at])) {
      ++in;
      ++at;
    } else if (star != std::string_view::npos) {
      in = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (in < pattern.size() && pattern[in] == '*') ++in;
  return in == pattern.size();
}

bool CallPredicate::Matches(const ToolCall& call) const {
  return MatchesGlob(call.name, tool) &&
         std::ranges::all_of(where, [&](const ArgumentTest& test) { return Passes(call, test); });
}

Expected<CallPredicate> ReadPredicate(const Json& mapping, std::string_view where) {
  if (!mapping.is_object())
    return UserError("a predicate must be a mapping with `tool` and `where`", std::string(where));
  CallPredicate predicate;
  predicate.tool = mapping.StringOr("tool", "*");
  const Json* tests = mapping.Find("where");
  if (tests != nullptr && !tests->is_array()) return UserError("`where` must be a list", std::string(where));
  for (std::size_t i = 0; tests != nullptr && i < tests->size(); ++i) {
    TRY_ASSIGN(ArgumentTest test, ReadTest(tests->items()[i], where));
    predicate.where.push_back(std::move(test));
  }
  return predicate;
}

}  // namespace xsweep
