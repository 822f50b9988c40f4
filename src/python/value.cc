// What Python's operators make of JSON values.
// SPDX-License-Identifier: Apache-2.0
#include "python/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>

#include "python/text.h"

namespace xsweep {
namespace {

using BigInt = boost::multiprecision::cpp_int;

bool IsWhole(const Json& value) { return value.is_bool() || value.is_int() || value.is_big_int(); }

BigInt ToBig(const Json& value) {
  if (value.is_bool()) return value.AsBool() ? 1 : 0;
  if (value.is_int()) return value.AsInt();
  return BigInt(value.AsDigits());
}
Json FromBig(const BigInt& value) { return Json::MakeInteger(value.str()); }

/// bool and int as int64; nothing for larger ones.
const std::int64_t* Small(const Json& value, std::int64_t& storage) {
  if (value.is_int()) {
    storage = value.AsInt();
  } else if (value.is_bool()) {
    storage = value.AsBool() ? 1 : 0;
  } else {
    return nullptr;
  }
  return &storage;
}

Expected<double> ToFloat(const Json& value) {
  if (value.is_bool()) return value.AsBool() ? 1.0 : 0.0;
  const double real = value.AsDouble();
  if (value.is_big_int() && std::isinf(real)) return EpisodeError("an integer is too large to calculate with");
  return real;
}

/// One operator in its three forms: int64 with overflow check, integers of any size, floats.
template <class Narrow, class Wide, class Real>
Expected<Json> Apply(const Json& a, const Json& b, Narrow narrow, Wide wide, Real real) {
  std::int64_t left = 0;
  std::int64_t right = 0;
  std::int64_t result = 0;
  if (Small(a, left) != nullptr && Small(b, right) != nullptr && !narrow(left, right, &result)) return Json(result);
  if (!IsPythonNumber(a) || !IsPythonNumber(b)) return EpisodeError("only numbers can be calculated with");
  if (IsWhole(a) && IsWhole(b)) return FromBig(wide(ToBig(a), ToBig(b)));
  TRY_ASSIGN(const double x, ToFloat(a));
  TRY_ASSIGN(const double y, ToFloat(b));
  return Json(real(x, y));
}

/// -1, 0, 1; 2 when one side is no number (NaN). Exact: no integer is rounded to a float.
int Compare(const Json& a, const Json& b) {
  std::int64_t left = 0;
  std::int64_t right = 0;
  if (Small(a, left) != nullptr && Small(b, right) != nullptr) return left < right ? -1 : left > right;
  if (a.is_double() && b.is_double()) {
    const double x = a.AsDouble();
    const double y = b.AsDouble();
    return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
  }
  if (b.is_double()) {
    const int mirrored = Compare(b, a);
    return mirrored == 2 ? 2 : -mirrored;
  }
  if (!a.is_double()) return ToBig(a).compare(ToBig(b)) < 0 ? -1 : ToBig(a) > ToBig(b);
  const double x = a.AsDouble();
  if (std::isnan(x)) return 2;
  if (std::isinf(x)) return x < 0 ? -1 : 1;
  const BigInt whole(std::trunc(x));
  const BigInt other = ToBig(b);
  if (whole != other) return whole < other ? -1 : 1;
  const double rest = x - std::trunc(x);
  return rest < 0 ? -1 : rest > 0;
}

bool EqualObjects(const Json& a, const Json& b) {
  return a.size() == b.size() && std::ranges::all_of(a.members(), [&](const Json::Member& member) {
           const Json* other = b.Find(member.first);
           return other != nullptr && PythonEquals(member.second, *other);
         });
}

}  // namespace

bool IsPythonNumber(const Json& value) { return value.is_number() || value.is_bool(); }

Status RequireNumber(const Json& value, std::string_view what) {
  if (IsPythonNumber(value)) return {};
  return EpisodeError(fmt::format("argument {} must be a number, not {}", what, PythonRepr(value)));
}

Expected<Json> PythonAdd(const Json& a, const Json& b) {
  return Apply(
      a, b, [](auto x, auto y, auto* out) { return __builtin_add_overflow(x, y, out); },
      [](const BigInt& x, const BigInt& y) { return BigInt(x + y); }, std::plus<double>());
}
Expected<Json> PythonSubtract(const Json& a, const Json& b) {
  return Apply(
      a, b, [](auto x, auto y, auto* out) { return __builtin_sub_overflow(x, y, out); },
      [](const BigInt& x, const BigInt& y) { return BigInt(x - y); }, std::minus<double>());
}
Expected<Json> PythonMultiply(const Json& a, const Json& b) {
  return Apply(
      a, b, [](auto x, auto y, auto* out) { return __builtin_mul_overflow(x, y, out); },
      [](const BigInt& x, const BigInt& y) { return BigInt(x * y); }, std::multiplies<double>());
}
Expected<Json> PythonNegate(const Json& value, std::string_view what) {
  TRY(RequireNumber(value, what));
  if (value.is_double()) return Json(-value.AsDouble());
  return PythonSubtract(Json(0), value);
}

std::string_view PythonTypeName(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kNull: return "NoneType";
    case Json::Kind::kBool: return "bool";
    case Json::Kind::kInt:
    case Json::Kind::kBigInt: return "int";
    case Json::Kind::kDouble: return "float";
    case Json::Kind::kString: return "str";
    case Json::Kind::kArray: return "list";
    case Json::Kind::kObject: break;
  }
  return "dict";
}

Expected<bool> PythonLess(const Json& a, const Json& b) {
  if (a.is_string() && b.is_string()) return a.AsString() < b.AsString();
  if (IsPythonNumber(a) && IsPythonNumber(b)) return Compare(a, b) == -1;
  if (a.is_array() && b.is_array()) {
    const auto [x, y] = std::ranges::mismatch(a.items(), b.items(), PythonEquals);
    if (x == a.items().end() || y == b.items().end()) return a.size() < b.size();
    return PythonLess(*x, *y);
  }
  return EpisodeError(
      fmt::format("'<' not supported between instances of '{}' and '{}'", PythonTypeName(a), PythonTypeName(b)));
}

bool PythonEquals(const Json& a, const Json& b) {
  if (IsPythonNumber(a) && IsPythonNumber(b)) return Compare(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) return std::ranges::equal(a.items(), b.items(), PythonEquals);
  return a.is_object() ? EqualObjects(a, b) : a == b;
}

Expected<std::size_t> PythonLength(const Json& value, std::string_view what) {
  if (value.is_array() || value.is_object()) return value.size();
  if (!value.is_string())
    return EpisodeError(fmt::format("argument {} must be a list, not {}", what, PythonRepr(value)));
  return std::ranges::count_if(value.AsString(), [](char c) { return (c & 0xC0) != 0x80; });
}

}  // namespace xsweep
