// The retail desk's tables, and the lookups its tools share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "parts/environments/world/world.h"

namespace xsweep {

/// Positions in both worlds below.
enum RetailTable : int { kOrders = 0, kProducts = 1, kUsers = 2 };

// A record of tau2's file as its models hold it: their field order, money as floats, absent fields as null.
Json NormalizeRetailOrder(const Json& raw);
Json NormalizeRetailProduct(const Json& raw);
Json NormalizeRetailUser(const Json& raw);

inline constexpr std::array<TableSpec, 3> kTau2RetailTables = {
    {{"orders", NormalizeRetailOrder}, {"products", NormalizeRetailProduct}, {"users", NormalizeRetailUser}}};
inline constexpr std::array<TableSpec, 3> kTau1RetailTables = {{{"orders"}, {"products"}, {"users"}}};

/// What the lookup tools need; no tool changes names, emails or products, so it holds for every state of the world.
struct RetailIndex {
  explicit RetailIndex(const World& world);

  struct Named {
    std::string last_name;  ///< in lower case
    int user;               ///< record in kUsers
  };
  std::unordered_map<std::string, int> user_by_email;                       ///< lower case; the first user of an email
  std::unordered_map<std::string, std::vector<Named>> users_by_first_name;  ///< lower case; in file order
  std::unordered_map<std::string, Json> variant_by_item_id;                 ///< the first product's that has it
  std::unordered_set<std::string> zips;                                     ///< of all orders and customers
  std::string product_types;                                                ///< json.dumps({name: product_id}), sorted
};

/// `text.lower()` as far as it can ever equal an ASCII text: ASCII letters, and the Kelvin sign, which becomes a k.
std::string LowerCase(std::string_view text);

/// Whether the state follows the rules of tau-bench v1 (otherwise tau2's).
inline bool IsTau1(const State& state) { return state.world().spec().benchmark == Benchmark::kTau1; }

/// An error of a tool in the desk's own wording: tau-bench v1 starts it in lower case. For texts that start with a word
/// of ours; a text that starts with a value goes to EpisodeError as it is.
std::unexpected<Error> Refuse(const State& state, std::string_view text);

/// The argument as an id: empty for a value of a type that no id has (Python: never in the dict); an error where
/// Python cannot look it up at all.
Expected<std::string_view> IdArgument(const Json& arguments, std::string_view name);

// The id of the existing record that an argument names, or the desk's "... not found".
Expected<std::string_view> OrderArgument(const State& state, const Json& arguments);
Expected<std::string_view> UserArgument(const State& state, const Json& arguments);

/// The same for a tool that changes the order: also an error when the record lacks what the tools count with (items
/// with prices, a payment history with amounts), which the benchmarks' own data never does.
Expected<std::string_view> ChangeableOrderArgument(const State& state, const Json& arguments);

/// The payment method of the user to whom `order` belongs.
Expected<const Json*> FindPaymentMethod(const State& state, const Json& order, std::string_view id);
/// Adds `amount` to that payment method's balance and rounds it to cents. It must exist and be a gift card.
void AddToBalance(State& state, const Json& order, std::string_view payment_method_id, const Json& amount);
bool IsGiftCard(const Json& payment_method);

// Python's arithmetic: integers stay integers, anything else is a float.
Json Plus(const Json& a, const Json& b);
Json Minus(const Json& a, const Json& b);
Json Negated(const Json& a);
/// round(value, 2)
Json Rounded(const Json& value);

}  // namespace xsweep
