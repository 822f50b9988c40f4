// The state hashes of both benchmarks, and equality of two states without them.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/world_hash.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "parts/environments/world/canonical_text.h"
#include "python/text.h"

namespace xsweep {
namespace {

/// Equal down to the bits of a double; order of members aside. Stops at shared nodes, which is nearly everywhere.
bool SameStructure(const Json& a, const Json& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_double()) return std::bit_cast<std::uint64_t>(a.AsDouble()) == std::bit_cast<std::uint64_t>(b.AsDouble());
  if (!a.is_array() && !a.is_object()) return a == b;
  if (a.SameNode(b)) return true;
  if (a.size() != b.size()) return false;
  if (a.is_array()) return std::ranges::equal(a.items(), b.items(), SameStructure);
  return std::ranges::all_of(a.members(), [&](const Json::Member& member) {
    const Json* other = b.Find(member.first);
    return other != nullptr && SameStructure(member.second, *other);
  });
}

/// A text that is the same for 25 and 25.0 and for any order of a list.
std::string OrderlessText(const Json& value) {
  if (value.is_double() && std::abs(value.AsDouble()) < 9e15 && std::trunc(value.AsDouble()) == value.AsDouble()) {
    return std::to_string(static_cast<std::int64_t>(value.AsDouble()));
  }
  if (!value.is_array() && !value.is_object()) return PythonJson(value);
  std::vector<std::string> parts;
  if (value.is_array()) {
    for (const Json& item : value.items()) parts.push_back(OrderlessText(item));
  } else {
    for (const auto& [key, item] : value.members()) parts.push_back(PythonJson(Json(key)) + ":" + OrderlessText(item));
  }
  std::ranges::sort(parts);
  std::string text = value.is_array() ? "[" : "{";
  for (const std::string& part : parts) text += part + ",";
  return text += value.is_array() ? "]" : "}";
}

/// Asks `same(a's record, b's record)` of every record that either state changed; a missing one is null.
template <class Same>
bool AllChanges(const State& a, const State& b, Same same) {
  CHECK(&a.world() == &b.world(), "states of different worlds cannot be compared");
  static const Json kNone;
  const auto look = [](const State& state, const State::Change& change) -> const Json& {
    const Json* found = state.Find(change.table, change.id);
    return found == nullptr ? kNone : *found;
  };
  const auto holds = [&](const State::Change& change) { return same(look(a, change), look(b, change)); };
  return std::ranges::all_of(a.changes(), holds) && std::ranges::all_of(b.changes(), holds);
}

}  // namespace

bool SameRecord(Benchmark benchmark, const Json& a, const Json& b) {
  if (SameStructure(a, b)) return true;
  // json.dumps tells all other values apart; v1 reads {"a": 1} and [["a", 1]] alike.
  if (benchmark == Benchmark::kTau2) return false;
  std::string text_a;
  std::string text_b;
  AppendCanonical(benchmark, a, text_a);
  AppendCanonical(benchmark, b, text_b);
  return text_a == text_b;
}

const std::string& WorldHash(const World& world) { return world.Hashed<CanonicalText>().hash(); }

std::string StateHash(const State& state) { return state.world().Hashed<CanonicalText>().Hash(state); }

bool StrictlyEqual(const State& a, const State& b) {
  const Benchmark benchmark = a.world().spec().benchmark;
  return AllChanges(a, b, [&](const Json& x, const Json& y) { return SameRecord(benchmark, x, y); });
}

bool CanonicallyEqual(const State& a, const State& b) {
  const Benchmark benchmark = a.world().spec().benchmark;
  return AllChanges(a, b, [&](const Json& x, const Json& y) {
    return SameRecord(benchmark, x, y) || OrderlessText(x) == OrderlessText(y);
  });
}

}  // namespace xsweep
