// Json: the one JSON value.
// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>

namespace xsweep {

struct Json::Node {
  std::atomic<std::uint32_t> count{1};
};
struct Json::StringNode : Node {
  explicit StringNode(std::string t) : text(std::move(t)) {}
  std::string text;
};
struct Json::ArrayNode : Node {
  explicit ArrayNode(std::vector<Json> i) : items(std::move(i)) {}
  std::vector<Json> items;
};
struct Json::ObjectNode : Node {
  explicit ObjectNode(std::vector<Member> m) : members(std::move(m)) {}
  std::vector<Member> members;
};

void Json::Retain() noexcept {
  // relaxed will do: who copies holds a reference, so the node cannot go away meanwhile.
  if (shared()) payload_.node->count.fetch_add(1, std::memory_order_relaxed);
}

void Json::Release() noexcept {
  // acq_rel: whoever lets go last must see what the others did to the node before it is deleted.
  if (!shared() || payload_.node->count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  switch (kind_) {
    case Kind::kArray: delete static_cast<ArrayNode*>(payload_.node); break;
    case Kind::kObject: delete static_cast<ObjectNode*>(payload_.node); break;
    default: delete static_cast<StringNode*>(payload_.node); break;
  }
}

Json::Json(std::uint64_t value) {
  if (value <= INT64_MAX) {
    kind_ = Kind::kInt;
    payload_.integer = static_cast<std::int64_t>(value);
  } else {
    payload_.node = new StringNode(std::to_string(value));
    kind_ = Kind::kBigInt;
  }
}
Json::Json(std::string_view value) : Json(std::string(value)) {}
Json::Json(std::string value) {
  payload_.node = new StringNode(std::move(value));
  kind_ = Kind::kString;
}

Json Json::MakeArray(std::vector<Json> items) {
  Json value;
  value.payload_.node = new ArrayNode(std::move(items));
  value.kind_ = Kind::kArray;
  return value;
}

Json Json::MakeObject(std::vector<Member> members) {
  Json value;
  value.payload_.node = new ObjectNode(std::move(members));
  value.kind_ = Kind::kObject;
  return value;
}

Json Json::MakeInteger(std::string_view digits) {
  std::int64_t small = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), small);
  if (code == std::errc() && end == digits.data() + digits.size()) return {small};
  const bool negative = digits.starts_with('-');
  std::string_view magnitude = digits.substr(negative ? 1 : 0);
  // Big integers compare by their digits, so one number must have one spelling.
  magnitude.remove_prefix(std::min(magnitude.find_first_not_of('0'), magnitude.size()));
  Json value;
  value.payload_.node = new StringNode((negative ? "-" : "") + std::string(magnitude));
  value.kind_ = Kind::kBigInt;
  return value;
}

bool Json::AsBool() const {
  CHECK(is_bool(), "JSON value is not a boolean");
  return payload_.boolean;
}
std::int64_t Json::AsInt() const {
  CHECK(is_int(), "JSON value is not an integer");
  return payload_.integer;
}
double Json::AsDouble() const {
  if (is_int()) return static_cast<double>(payload_.integer);
  if (is_big_int()) {
    const std::string& digits = AsDigits();
    double value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec == std::errc::result_out_of_range) return digits.starts_with('-') ? -HUGE_VAL : HUGE_VAL;
    return value;
  }
  CHECK(is_double(), "JSON value is not a number");
  return payload_.real;
}
const std::string& Json::AsString() const {
  CHECK(is_string(), "JSON value is not a string");
  return static_cast<const StringNode*>(payload_.node)->text;
}
const std::string& Json::AsDigits() const {
  CHECK(is_big_int(), "JSON value is not a large integer");
  return static_cast<const StringNode*>(payload_.node)->text;
}
const std::vector<Json>& Json::items() const {
  CHECK(is_array(), "JSON value is not an array");
  return static_cast<const ArrayNode*>(payload_.node)->items;
}
const std::vector<Json::Member>& Json::members() const {
  CHECK(is_object(), "JSON value is not an object");
  return static_cast<const ObjectNode*>(payload_.node)->members;
}
std::size_t Json::size() const {
  if (is_array()) return items().size();
  return is_object() ? members().size() : 0;
}

const Json* Json::Find(std::string_view key) const {
  if (!is_object()) return nullptr;
  // Keys of one object often share all but their end ("2024-05-01", "scheduled_..._est"): look there first.
  const std::size_t size = key.size();
  for (const auto& [name, value] : static_cast<const ObjectNode*>(payload_.node)->members) {
    if (name.size() == size && (size == 0 || (name.back() == key.back() && name == key))) return &value;
  }
  return nullptr;
}
std::string_view Json::StringOr(std::string_view key, std::string_view fallback) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_string() ? std::string_view(found->AsString()) : fallback;
}
std::int64_t Json::IntOr(std::string_view key, std::int64_t fallback) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_int() ? found->AsInt() : fallback;
}
double Json::DoubleOr(std::string_view key, double fallback) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_number() ? found->AsDouble() : fallback;
}
bool Json::BoolOr(std::string_view key, bool fallback) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_bool() ? found->AsBool() : fallback;
}

std::vector<Json>& Json::MutableItems() {
  if (is_null()) *this = MakeArray();
  CHECK(is_array(), "JSON value is not an array");
  // A count of 1 cannot grow under us: only through this object could it be copied. acquire: another copy that has
  // just let go had finished reading.
  if (payload_.node->count.load(std::memory_order_acquire) != 1) {
    *this = MakeArray(static_cast<ArrayNode*>(payload_.node)->items);
  }
  return static_cast<ArrayNode*>(payload_.node)->items;
}
std::vector<Json::Member>& Json::MutableMembers() {
  if (is_null()) *this = MakeObject();
  CHECK(is_object(), "JSON value is not an object");
  if (payload_.node->count.load(std::memory_order_acquire) != 1) {
    *this = MakeObject(static_cast<ObjectNode*>(payload_.node)->members);
  }
  return static_cast<ObjectNode*>(payload_.node)->members;
}

Json* Json::FindMutable(std::string_view key) {
  // Looked for first: MutableMembers copies a shared object, which what is not there is not worth.
  if (Find(key) == nullptr) return nullptr;
  auto& all = MutableMembers();
  return &std::ranges::find(all, key, &Member::first)->second;
}
Json& Json::Set(std::string_view key, Json value) {
  auto& all = MutableMembers();
  const auto found = std::ranges::find(all, key, &Member::first);
  if (found != all.end()) return found->second = std::move(value);
  return all.emplace_back(std::string(key), std::move(value)).second;
}
bool Json::Erase(std::string_view key) {
  if (Find(key) == nullptr) return false;
  auto& all = MutableMembers();
  all.erase(std::ranges::find(all, key, &Member::first));
  return true;
}
void Json::Append(Json value) { MutableItems().push_back(std::move(value)); }
Json& Json::MutableItem(std::size_t index) {
  auto& all = MutableItems();
  CHECK(index < all.size(), "JSON array index out of range");
  return all[index];
}

bool Json::SameNode(const Json& other) const {
  if (kind_ != other.kind_) return false;
  return shared() ? payload_.node == other.payload_.node : *this == other;
}

bool operator==(const Json& a, const Json& b) {
  if (a.kind_ != b.kind_) return false;
  switch (a.kind_) {
    case Json::Kind::kNull: return true;
    case Json::Kind::kBool: return a.payload_.boolean == b.payload_.boolean;
    case Json::Kind::kInt: return a.payload_.integer == b.payload_.integer;
    case Json::Kind::kDouble: return a.payload_.real == b.payload_.real;
    default: break;
  }
  // Most of a world that was forked is still shared, and its size costs nothing then.
  if (a.payload_.node == b.payload_.node) return true;
  if (a.is_string()) return a.AsString() == b.AsString();
  if (a.is_big_int()) return a.AsDigits() == b.AsDigits();
  if (a.is_array()) return a.items() == b.items();
  return a.size() == b.size() && std::ranges::all_of(a.members(), [&](const Json::Member& member) {
           const Json* other = b.Find(member.first);
           return other != nullptr && *other == member.second;
         });
}

}  // namespace xsweep
