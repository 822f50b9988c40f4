// The retail desk's tables, and the lookups its tools share.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/retail/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"

namespace xsweep {
namespace {

Json Field(const Json& raw, std::string_view name) {
  const Json* found = raw.Find(name);
  return found == nullptr ? Json() : *found;
}

Json Float(const Json& raw) { return raw.is_number() ? Json(raw.AsDouble()) : raw; }

// The members named, in that order; those in `money` as floats.
Json Ordered(const Json& raw, std::span<const std::string_view> names, std::string_view money = {}) {
  std::vector<Json::Member> members;
  members.reserve(names.size());
  for (const std::string_view name : names) {
    members.emplace_back(std::string(name), name == money ? Float(Field(raw, name)) : Field(raw, name));
  }
  return Json::MakeObject(std::move(members));
}

Json EachItem(const Json& raw, Json (*normalize)(const Json&)) {
  if (!raw.is_array()) return raw;
  std::vector<Json> items;
  items.reserve(raw.size());
  for (const Json& item : raw.items()) items.push_back(normalize(item));
  return Json::MakeArray(std::move(items));
}

Json EachMember(const Json& raw, Json (*normalize)(const Json&)) {
  if (!raw.is_object()) return raw;
  std::vector<Json::Member> members;
  members.reserve(raw.size());
  for (const auto& [key, value] : raw.members()) members.emplace_back(key, normalize(value));
  return Json::MakeObject(std::move(members));
}

Json NormalizeAddress(const Json& raw) {
  static constexpr std::string_view kFields[] = {"address1", "address2", "city", "country", "state", "zip"};
  return Ordered(raw, kFields);
}
Json NormalizeItem(const Json& raw) {
  static constexpr std::string_view kFields[] = {"name", "product_id", "item_id", "price", "options"};
  return Ordered(raw, kFields, "price");
}
Json NormalizeFulfillment(const Json& raw) {
  static constexpr std::string_view kFields[] = {"tracking_id", "item_ids"};
  return Ordered(raw, kFields);
}
Json NormalizePayment(const Json& raw) {
  static constexpr std::string_view kFields[] = {"transaction_type", "amount", "payment_method_id"};
  return Ordered(raw, kFields, "amount");
}
Json NormalizeVariant(const Json& raw) {
  static constexpr std::string_view kFields[] = {"item_id", "options", "available", "price"};
  return Ordered(raw, kFields, "price");
}
Json NormalizePaymentMethod(const Json& raw) {
  static constexpr std::string_view kCredit[] = {"source", "id", "brand", "last_four"};
  static constexpr std::string_view kGift[] = {"source", "id", "balance"};
  static constexpr std::string_view kPaypal[] = {"source", "id"};
  const std::string_view source = raw.StringOr("source", "");
  if (source == "credit_card") return Ordered(raw, kCredit);
  if (source == "gift_card") return Ordered(raw, kGift, "balance");
  return Ordered(raw, kPaypal);
}

std::string LowerMember(const Json& object, std::string_view name) { return LowerCase(object.StringOr(name, "")); }

// Whether that member is a list of objects, each with a number of that name.
bool EveryHas(const Json& record, std::string_view list, std::string_view number) {
  const Json* items = record.Find(list);
  return items != nullptr && items->is_array() && std::ranges::all_of(items->items(), [&](const Json& item) {
           const Json* found = item.Find(number);
           return found != nullptr && found->is_number();
         });
}

// Python's `in` of a dict with string keys.
Expected<std::string_view> RecordArgument(const State& state, const Json& arguments, RetailTable table,
                                          std::string_view name, std::string_view missing) {
  TRY_ASSIGN(const std::string_view id, IdArgument(arguments, name));
  if (!Argument(arguments, name).is_string() || !state.Contains(table, id)) return Refuse(state, missing);
  return id;
}

}  // namespace

Json NormalizeRetailOrder(const Json& raw) {
  static constexpr std::string_view kFields[] = {"order_id",
                                                 "user_id",
                                                 "address",
                                                 "items",
                                                 "status",
                                                 "fulfillments",
                                                 "payment_history",
                                                 "cancel_reason",
                                                 "exchange_items",
                                                 "exchange_new_items",
                                                 "exchange_payment_method_id",
                                                 "exchange_price_difference",
                                                 "return_items",
                                                 "return_payment_method_id"};
  Json order = Ordered(raw, kFields, "exchange_price_difference");
  order.Set("address", NormalizeAddress(Field(raw, "address")));
  order.Set("items", EachItem(Field(raw, "items"), NormalizeItem));
  order.Set("fulfillments", EachItem(Field(raw, "fulfillments"), NormalizeFulfillment));
  order.Set("payment_history", EachItem(Field(raw, "payment_history"), NormalizePayment));
  return order;
}

Json NormalizeRetailProduct(const Json& raw) {
  static constexpr std::string_view kFields[] = {"name", "product_id", "variants"};
  Json product = Ordered(raw, kFields);
  product.Set("variants", EachMember(Field(raw, "variants"), NormalizeVariant));
  return product;
}

Json NormalizeRetailUser(const Json& raw) {
  static constexpr std::string_view kFields[] = {"user_id", "name", "address", "email", "payment_methods", "orders"};
  static constexpr std::string_view kNames[] = {"first_name", "last_name"};
  Json user = Ordered(raw, kFields);
  user.Set("name", Ordered(Field(raw, "name"), kNames));
  user.Set("address", NormalizeAddress(Field(raw, "address")));
  user.Set("payment_methods", EachMember(Field(raw, "payment_methods"), NormalizePaymentMethod));
  return user;
}

RetailIndex::RetailIndex(const World& world) {
  for (int i = 0; i < world.size(kUsers); ++i) {
    const Json& user = world.record(kUsers, i);
    user_by_email.emplace(LowerMember(user, "email"), i);
    zips.emplace(Field(user, "address").StringOr("zip", ""));
    const Json name = Field(user, "name");
    users_by_first_name[LowerMember(name, "first_name")].push_back({LowerMember(name, "last_name"), i});
  }
  for (int i = 0; i < world.size(kOrders); ++i) {
    zips.emplace(Field(world.record(kOrders, i), "address").StringOr("zip", ""));
  }
  std::map<std::string, Json> types;
  for (int i = 0; i < world.size(kProducts); ++i) {
    const Json& product = world.record(kProducts, i);
    types[std::string(product.StringOr("name", ""))] = Field(product, "product_id");
    const Json variants = Field(product, "variants");
    if (!variants.is_object()) continue;
    for (const auto& [id, variant] : variants.members()) variant_by_item_id.emplace(id, variant);
  }
  product_types = PythonJson(Json::MakeObject(std::vector<Json::Member>(types.begin(), types.end())));
}

std::string LowerCase(std::string_view text) {
  constexpr std::string_view kKelvin = "\xE2\x84\xAA";
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (std::size_t at = 0; (at = lower.find(kKelvin, at)) != std::string::npos; ++at) {
    lower.replace(at, kKelvin.size(), 1, 'k');
  }
  return lower;
}

std::unexpected<Error> Refuse(const State& state, std::string_view text) {
  std::string message(text);
  if (IsTau1(state)) message[0] = static_cast<char>(message[0] - 'A' + 'a');
  return EpisodeError(std::move(message));
}

Expected<std::string_view> IdArgument(const Json& arguments, std::string_view name) {
  TRY_ASSIGN(const std::string* id, AsKey(Argument(arguments, name), name));
  return id == nullptr ? std::string_view() : std::string_view(*id);
}

Expected<std::string_view> OrderArgument(const State& state, const Json& arguments) {
  return RecordArgument(state, arguments, kOrders, "order_id", "Order not found");
}
Expected<std::string_view> UserArgument(const State& state, const Json& arguments) {
  return RecordArgument(state, arguments, kUsers, "user_id", "User not found");
}

Expected<std::string_view> ChangeableOrderArgument(const State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view id, OrderArgument(state, arguments));
  const Json& order = *state.Find(kOrders, id);
  const bool complete = EveryHas(order, "items", "price") && EveryHas(order, "payment_history", "amount");
  if (!complete) return EpisodeError(fmt::format("order {} has no priced items or payments in this data", id));
  return id;
}

Expected<const Json*> FindPaymentMethod(const State& state, const Json& order, std::string_view id) {
  const Json* user = state.Find(kUsers, order.StringOr("user_id", ""));
  if (user == nullptr) return Refuse(state, "User not found");
  const Json* methods = user->Find("payment_methods");
  const Json* method = methods == nullptr ? nullptr : methods->Find(id);
  if (method == nullptr) return Refuse(state, "Payment method not found");
  return method;
}

void AddToBalance(State& state, const Json& order, std::string_view payment_method_id, const Json& amount) {
  Json* user = state.Mutable(kUsers, order.StringOr("user_id", ""));
  Json* method = user->FindMutable("payment_methods")->FindMutable(payment_method_id);
  method->Set("balance", Rounded(Plus(Field(*method, "balance"), amount)));
}

bool IsGiftCard(const Json& payment_method) { return payment_method.StringOr("source", "") == "gift_card"; }

Json Plus(const Json& a, const Json& b) {
  if (a.is_int() && b.is_int()) return {a.AsInt() + b.AsInt()};
  return {(a.is_number() ? a.AsDouble() : 0) + (b.is_number() ? b.AsDouble() : 0)};
}
Json Negated(const Json& a) { return a.is_int() ? Json(-a.AsInt()) : Json(a.is_number() ? -a.AsDouble() : 0.0); }
Json Minus(const Json& a, const Json& b) { return Plus(a, Negated(b)); }
Json Rounded(const Json& value) { return value.is_double() ? Json(RoundToCents(value.AsDouble())) : value; }

}  // namespace xsweep
