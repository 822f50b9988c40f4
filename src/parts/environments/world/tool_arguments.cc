// How a desk reads its arguments.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/tool_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/characters.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep {
namespace {

/// "1_000" -> "1000"; empty when an underscore does not stand between two digits.
std::string WithoutUnderscores(std::string_view text) {
  std::string plain;
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
    } else if (i == 0 || !digit(i - 1) || !digit(i + 1)) {
      return {};
    }
  }
  return plain;
}

/// Digits with an optional sign, or empty.
std::string WholeDigits(std::string_view text) {
  text = Trim(text);
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    if (text.find_first_not_of('0', dot + 1) != std::string_view::npos) return {};
    text = text.substr(0, dot);
  }
  if (text.starts_with('+')) text.remove_prefix(1);
  std::string digits = WithoutUnderscores(text);
  const std::string_view magnitude = std::string_view(digits).substr(digits.starts_with('-') ? 1 : 0);
  const bool valid = !magnitude.empty() && magnitude.find_first_not_of("0123456789") == std::string_view::npos;
  return valid && digits.size() <= 4300 ? digits : std::string();
}

bool ParseFloat(std::string_view text, double& value) {
  text = Trim(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  const std::string plain = WithoutUnderscores(text);
  const auto [end, code] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (code == std::errc::result_out_of_range) value = std::strtod(plain.c_str(), nullptr);
  return !plain.empty() && code != std::errc::invalid_argument && end == plain.data() + plain.size() &&
         plain.find('(') == std::string::npos;
}

}  // namespace

const Json& Argument(const Json& arguments, std::string_view name) {
  const Json* found = arguments.Find(name);
  CHECK(found != nullptr, "a tool asks for an argument that is not among its parameters");
  return *found;
}

std::unexpected<Error> BadArgument(std::string_view what, std::string_view must_be, const Json& value) {
  std::string shown = PythonRepr(value);
  if (shown.size() > 80) {
    shown.resize(WholeCharacters(shown, 77).size());
    shown += "...";
  }
  return EpisodeError(fmt::format("argument {} must be {}, not {}", what, must_be, shown));
}

Expected<const std::string*> AsKey(const Json& id, std::string_view what) {
  if (!IsHashable(id)) return BadArgument(what, "a string", id);
  return id.is_string() ? &id.AsString() : nullptr;
}

Expected<const Json*> FindKey(const Json* mapping, const Json& key, std::string_view what) {
  TRY_ASSIGN(const std::string* name, AsKey(key, what));
  return name == nullptr || mapping == nullptr ? nullptr : mapping->Find(*name);
}

Expected<Json> ToModelInt(const Json& value, std::string_view what) {
  if (value.is_int() || value.is_big_int()) return value;
  if (value.is_bool()) return Json(value.AsBool() ? 1 : 0);
  if (value.is_double()) {
    const double real = value.AsDouble();
    if (std::abs(real) < 0x1p63 && std::trunc(real) == real) return Json(static_cast<std::int64_t>(real));
  }
  if (value.is_string()) {
    const std::string digits = WholeDigits(value.AsString());
    if (!digits.empty()) return Json::MakeInteger(digits);
  }
  return BadArgument(what, "an integer", value);
}

Expected<Json> ToModelFloat(const Json& value, std::string_view what) {
  double real = 0;
  if (value.is_string() && ParseFloat(value.AsString(), real)) return Json(real);
  if (value.is_bool()) return Json(value.AsBool() ? 1.0 : 0.0);
  if (!value.is_number()) return BadArgument(what, "a number", value);
  real = value.AsDouble();
  if (value.is_big_int() && std::isinf(real)) return BadArgument(what, "a number", value);
  return Json(real);
}

Status RequireString(const Json& value, std::string_view what) {
  if (value.is_string()) return {};
  return BadArgument(what, "a string", value);
}

Status RequireOneOf(const Json& value, std::string_view what, std::initializer_list<std::string_view> allowed) {
  if (value.is_string() && std::ranges::find(allowed, value.AsString()) != allowed.end()) return {};
  return BadArgument(what, fmt::format("one of {}", fmt::join(allowed, ", ")), value);
}

Expected<std::vector<Json>> Elements(const Json& value, std::string_view what) {
  if (value.is_array()) return value.items();
  const bool nothing = (value.is_string() && value.AsString().empty()) || (value.is_object() && value.size() == 0);
  if (nothing) return std::vector<Json>();
  return BadArgument(what, "a list", value);
}

Expected<ModelList> ToModelList(const Json& value, std::string_view what,
                                Expected<Json> (*convert)(const Json& element, const std::string& what)) {
  ModelList list;
  if (value.is_null() || IsPythonNumber(value)) return BadArgument(what, "a list", value);
  const bool letters_or_keys = !value.is_array() && !(value.is_string() && value.AsString().empty()) &&
                               !(value.is_object() && value.size() == 0);
  if (letters_or_keys) return list;
  if (value.is_array() && !std::ranges::all_of(value.items(), &Json::is_object)) return list;
  list.converted = true;
  for (std::size_t i = 0; i < value.size(); ++i) {
    TRY_ASSIGN(Json model, convert(value.items()[i], fmt::format("{}[{}]", what, i)));
    list.items.push_back(std::move(model));
  }
  return list;
}

Json PickFields(const Json& object, std::initializer_list<std::string_view> names) {
  std::vector<Json::Member> members;
  members.reserve(names.size());
  for (const std::string_view name : names) {
    if (const Json* value = object.Find(name)) members.emplace_back(std::string(name), *value);
  }
  return Json::MakeObject(std::move(members));
}

}  // namespace xsweep
