// Json: the one JSON value. Cheap to copy, keeps key order, and keeps numbers as Python would.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// A JSON value with value semantics. Strings, arrays and objects are shared until somebody changes a copy
/// (copy on write, atomic counts), so copying a tree costs one increment. Copies may live in different threads;
/// one object may not be changed while another thread reads that same object.
///
/// Numbers keep what was written: 25 is an integer, 25.0 is not, and integers beyond 64 bits keep their digits,
/// because the state hashes of both benchmarks tell these apart. Objects keep insertion order; looking a key up is
/// linear (records here have few keys; tables have an index of their own).
class Json {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInt, kDouble, kBigInt, kString, kArray, kObject };
  using Member = std::pair<std::string, Json>;

  Json() = default;
  Json(std::nullptr_t) {}  // NOLINT(google-explicit-constructor): literals read as JSON
  Json(bool value) : kind_(Kind::kBool) { payload_.boolean = value; }          // NOLINT
  Json(int value) : kind_(Kind::kInt) { payload_.integer = value; }            // NOLINT
  Json(std::int64_t value) : kind_(Kind::kInt) { payload_.integer = value; }   // NOLINT
  Json(std::uint32_t value) : kind_(Kind::kInt) { payload_.integer = value; }  // NOLINT
  Json(std::uint64_t value);                                                   // NOLINT
  Json(double value) : kind_(Kind::kDouble) { payload_.real = value; }         // NOLINT
  Json(const char* value) : Json(std::string_view(value)) {}                   // NOLINT
  Json(std::string_view value);                                                // NOLINT
  Json(std::string value);                                                     // NOLINT
  static Json MakeArray(std::vector<Json> items = {});
  static Json MakeObject(std::vector<Member> members = {});
  static Json MakeObject(std::initializer_list<Member> members) { return MakeObject(std::vector<Member>(members)); }
  /// `digits`: an optional minus sign and decimal digits; becomes kInt when it fits 64 bits.
  static Json MakeInteger(std::string_view digits);

  Json(const Json& other) noexcept : kind_(other.kind_), payload_(other.payload_) { Retain(); }
  Json(Json&& other) noexcept : kind_(std::exchange(other.kind_, Kind::kNull)), payload_(other.payload_) {}
  Json& operator=(const Json& other) noexcept {
    Json copy(other);
    swap(copy);
    return *this;
  }
  Json& operator=(Json&& other) noexcept {
    Json moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Json() { Release(); }
  void swap(Json& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(payload_, other.payload_);
  }

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_bool() const { return kind_ == Kind::kBool; }
  bool is_int() const { return kind_ == Kind::kInt; }
  bool is_double() const { return kind_ == Kind::kDouble; }
  bool is_big_int() const { return kind_ == Kind::kBigInt; }
  bool is_number() const { return is_int() || is_double() || is_big_int(); }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_array() const { return kind_ == Kind::kArray; }
  bool is_object() const { return kind_ == Kind::kObject; }

  // Each of these CHECKs the kind: ask first.
  bool AsBool() const;
  std::int64_t AsInt() const;
  /// Of any number; an integer is converted.
  double AsDouble() const;
  const std::string& AsString() const;
  /// The decimal digits of a kBigInt.
  const std::string& AsDigits() const;
  const std::vector<Json>& items() const;
  const std::vector<Member>& members() const;
  /// Elements of an array or members of an object; 0 for anything else.
  std::size_t size() const;

  /// The member of that name, or nullptr; also nullptr when this is no object.
  const Json* Find(std::string_view key) const;
  // The member of that name when it has that kind; the fallback when it is absent or of another kind.
  std::string_view StringOr(std::string_view key, std::string_view fallback) const;
  std::int64_t IntOr(std::string_view key, std::int64_t fallback) const;
  double DoubleOr(std::string_view key, double fallback) const;
  bool BoolOr(std::string_view key, bool fallback) const;

  // Changing a value detaches it from its copies first. References are valid until the next change.
  /// Replaces the member of that name in its place, or appends it. A null value becomes an object first.
  Json& Set(std::string_view key, Json value);
  Json* FindMutable(std::string_view key);
  bool Erase(std::string_view key);
  /// Appends to an array. A null value becomes an array first.
  void Append(Json value);
  Json& MutableItem(std::size_t index);
  std::vector<Json>& MutableItems();
  std::vector<Member>& MutableMembers();

  /// Compact JSON, UTF-8 as it is, doubles in the shortest form that reads back the same.
  std::string Dump() const;
  void AppendTo(std::string& out) const;
  /// Indented by two spaces, for files that people open.
  std::string DumpPretty() const;

  /// Strict JSON (RFC 8259). Nested deeper than 256 levels, not UTF-8 or anything after the value is an error that
  /// names `where`. Of two members with one name the last value wins, as in Python.
  static Expected<Json> Parse(std::string_view text, std::string_view where = "JSON");

  /// Same kind and value; 25 and 25.0 differ, the order of object members does not matter.
  friend bool operator==(const Json& a, const Json& b);
  /// Whether both are copies of one string, array or object that nobody has changed since: then they are equal.
  bool SharesWith(const Json& other) const {
    return kind_ == other.kind_ && shared() && payload_.node == other.payload_.node;
  }
  /// True when both share one node: equal without looking. Scalars compare by value.
  bool SameNode(const Json& other) const;

 private:
  struct Node;
  struct StringNode;
  struct ArrayNode;
  struct ObjectNode;
  union Payload {
    bool boolean;
    std::int64_t integer;
    double real;
    Node* node;
  };

  bool shared() const { return kind_ >= Kind::kBigInt; }
  void Retain() noexcept;
  void Release() noexcept;

  Kind kind_ = Kind::kNull;
  Payload payload_{};
};

/// Appends `text` as a JSON string with its quotes. Escapes only what JSON requires.
void AppendJsonString(std::string_view text, std::string& out);
/// Appends as Python's repr prints a float (1e-07, 1e+22, 25.0); NaN and infinities become null.
void AppendJsonDouble(double value, std::string& out);

}  // namespace xsweep
