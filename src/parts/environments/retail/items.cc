// The retail tools on the items of an order: exchange, modify and return.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "parts/environments/retail/records.h"
#include "parts/environments/retail/tools.h"
#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"

namespace xsweep::retail {
namespace {

using Ids = std::vector<Json>;

// What `for x in value` and `len(value)` see in Python: a list's items, a string's characters, an object's keys.
Expected<Ids> ItemIds(const Json& arguments, std::string_view name) {
  const Json& value = Argument(arguments, name);
  Ids ids;
  if (value.is_array()) return value.items();
  if (value.is_object()) {
    for (const auto& [key, ignored] : value.members()) ids.emplace_back(key);
    return ids;
  }
  if (!value.is_string()) {
    return BadArgument(name, "a list of item ids", value);
  }
  const std::string& text = value.AsString();
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    do ++end;
    while (end < text.size() && ContinuesCharacter(text[end]));
    ids.emplace_back(text.substr(begin, end - begin));
  }
  return ids;
}

std::string_view ItemId(const Json& item) { return item.StringOr("item_id", ""); }

const std::vector<Json>& Items(const Json& order) {
  static const std::vector<Json> none;
  const Json* items = order.Find("items");
  return items != nullptr && items->is_array() ? items->items() : none;
}

// The first id that the list names more often than the order has it.
Expected<const Json*> FirstExcess(const Json& arguments, const Ids& ids, const Json& order) {
  if (Argument(arguments, "item_ids").is_object() && !ids.empty()) {
    return BadArgument("item_ids", "a list of item ids", Argument(arguments, "item_ids"));
  }
  for (const Json& id : ids) {
    if (!id.is_string()) return &id;  // orders have none; Python even finds a NaN in its list, though it equals nothing
    const auto has = std::ranges::count(Items(order), id.AsString(), ItemId);
    if (std::ranges::count(ids, id) > has) return &id;
  }
  return nullptr;
}

const Json* FindItem(const Json& order, std::string_view id) {
  const auto found = std::ranges::find(Items(order), id, ItemId);
  return found == Items(order).end() ? nullptr : &*found;
}

// The variant of that product, if it can be ordered.
Expected<const Json*> FindNewItem(const State& state, std::string_view product_id, const Json& id) {
  const auto unavailable = [&] {
    return Refuse(state, fmt::format("New item {} not found or available", PythonStr(id)));
  };
  if (id.is_array() || id.is_object()) {
    return BadArgument("new_item_ids", "a list of strings", id);
  }
  const Json* product = state.Find(kProducts, product_id);
  if (product == nullptr) return Refuse(state, "Product not found");
  const Json* variants = product->Find("variants");
  const Json* variant = variants == nullptr || !id.is_string() ? nullptr : variants->Find(id.AsString());
  if (variant == nullptr) {
    if (IsTau1(state)) return unavailable();
    return Refuse(state, "Variant not found");
  }
  if (!variant->BoolOr("available", false)) return unavailable();
  const bool complete = variant->Find("price") != nullptr && variant->Find("options") != nullptr;
  if (!complete) return EpisodeError(fmt::format("item {} has no price or options in this data", PythonStr(id)));
  return variant;
}

// Items against new items of the same product; both lists are equally long and every item is in the order.
struct Swap {
  Ids items;
  Ids new_items;
  std::vector<const Json*> variants;  ///< of the new items
  Json price_difference = 0;          ///< new minus old, unrounded; the integer 0 for no items, as in Python
};

// Fills in what the lists cost. `must_differ`: tau2 refuses to modify an item into itself.
Status PriceSwap(const State& state, const Json& order, bool must_differ, Swap& swap) {
  for (std::size_t i = 0; i < swap.items.size(); ++i) {
    if (must_differ && swap.items[i] == swap.new_items[i]) {
      return Refuse(state, "The new item id should be different from the old item id");
    }
    const Json* item = FindItem(order, swap.items[i].AsString());
    TRY_ASSIGN(const Json* variant, FindNewItem(state, item->StringOr("product_id", ""), swap.new_items[i]));
    swap.price_difference = Plus(swap.price_difference, Minus(*variant->Find("price"), *item->Find("price")));
    swap.variants.push_back(variant);
  }
  return {};
}

/// The payment method that pays or is refunded. `unaffordable`: what a gift card with less than `difference` is told.
Expected<const Json*> PayingMethod(const State& state, const Json& arguments, const Json& order, const Json& difference,
                                   std::string_view unaffordable) {
  TRY_ASSIGN(const std::string_view id, IdArgument(arguments, "payment_method_id"));
  TRY_ASSIGN(const Json* method, FindPaymentMethod(state, order, id));
  if (IsGiftCard(*method) && method->DoubleOr("balance", 0) < difference.AsDouble()) return Refuse(state, unaffordable);
  return method;
}

Json Sorted(Ids ids) {
  std::ranges::sort(ids, {}, [](const Json& id) -> const std::string& { return id.AsString(); });
  return Json::MakeArray(std::move(ids));
}

Expected<std::string> Exchange(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view order_id, ChangeableOrderArgument(state, arguments));
  const Json& order = *state.Find(kOrders, order_id);
  if (order.StringOr("status", "") != "delivered") return Refuse(state, "Non-delivered order cannot be exchanged");

  Swap swap;
  TRY_ASSIGN(swap.items, ItemIds(arguments, "item_ids"));
  TRY_ASSIGN(const Json* excess, FirstExcess(arguments, swap.items, order));
  if (excess != nullptr) {
    return EpisodeError(
        fmt::format(fmt::runtime(IsTau1(state) ? "{} not found" : "Number of {} not found."), PythonStr(*excess)));
  }
  TRY_ASSIGN(swap.new_items, ItemIds(arguments, "new_item_ids"));
  if (swap.items.size() != swap.new_items.size()) {
    return Refuse(state, IsTau1(state) ? "The number of items to be exchanged should match"
                                       : "The number of items to be exchanged should match.");
  }
  TRY(PriceSwap(state, order, false, swap));
  const Json difference = Rounded(swap.price_difference);
  TRY(PayingMethod(state, arguments, order, difference,
                   "Insufficient gift card balance to pay for the price difference"));

  Json& changed = *state.Mutable(kOrders, order_id);
  changed.Set("status", "exchange requested");
  changed.Set("exchange_items", Sorted(std::move(swap.items)));
  changed.Set("exchange_new_items", Sorted(std::move(swap.new_items)));
  changed.Set("exchange_payment_method_id", Argument(arguments, "payment_method_id"));
  changed.Set("exchange_price_difference", difference);
  return state.Text(kOrders, order_id);
}

// The entry of the payment history. tau2's model turns the amount into a float, v1 stores what was computed.
Json DifferencePayment(const State& state, const Json& difference, const Json& payment_method_id) {
  const bool owed = difference.AsDouble() > 0;
  const Json amount = owed ? difference : Minus(0, difference);
  return Json::MakeObject({{"transaction_type", owed ? "payment" : "refund"},
                           {"amount", IsTau1(state) ? amount : Json(amount.AsDouble())},
                           {"payment_method_id", payment_method_id}});
}

void ReplaceItems(const State& state, const Swap& swap, Json& order) {
  Json& items = *order.FindMutable("items");
  for (std::size_t i = 0; i < swap.items.size(); ++i) {
    const auto at = std::ranges::find(items.items(), swap.items[i].AsString(), ItemId) - items.items().begin();
    Json& item = items.MutableItem(static_cast<std::size_t>(at));
    // tau2 reuses the variable of its checking loop here, so that every item gets the last variant's price.
    const Json& variant = IsTau1(state) ? *swap.variants[i] : *swap.variants.back();
    item.Set("item_id", swap.new_items[i]);
    item.Set("price", *variant.Find("price"));
    item.Set("options", *variant.Find("options"));
  }
}

Expected<std::string> ModifyItems(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view order_id, ChangeableOrderArgument(state, arguments));
  const Json& order = *state.Find(kOrders, order_id);
  if (order.StringOr("status", "") != "pending") return Refuse(state, "Non-pending order cannot be modified");

  Swap swap;
  TRY_ASSIGN(swap.items, ItemIds(arguments, "item_ids"));
  TRY_ASSIGN(const Json* excess, FirstExcess(arguments, swap.items, order));
  if (excess != nullptr) return EpisodeError(PythonStr(*excess) + " not found");
  TRY_ASSIGN(swap.new_items, ItemIds(arguments, "new_item_ids"));
  if (swap.items.size() != swap.new_items.size()) {
    return Refuse(state, "The number of items to be exchanged should match");
  }
  TRY(PriceSwap(state, order, !IsTau1(state), swap));
  const Json& difference = swap.price_difference;
  TRY_ASSIGN(const Json* method, PayingMethod(state, arguments, order, difference,
                                              "Insufficient gift card balance to pay for the new item"));

  const bool gift_card = IsGiftCard(*method);
  const Json& method_id = Argument(arguments, "payment_method_id");
  Json& changed = *state.Mutable(kOrders, order_id);
  changed.FindMutable("payment_history")->Append(DifferencePayment(state, difference, method_id));
  ReplaceItems(state, swap, changed);
  changed.Set("status", "pending (item modified)");
  if (gift_card) AddToBalance(state, changed, method_id.AsString(), Minus(0, difference));
  return state.Text(kOrders, order_id);
}

bool IsFirstPaymentMethod(const Json& order, std::string_view id) {
  const Json* history = order.Find("payment_history");
  return history != nullptr && history->size() > 0 && history->items()[0].StringOr("payment_method_id", "") == id;
}

Expected<std::string> Return(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view order_id, ChangeableOrderArgument(state, arguments));
  const Json& order = *state.Find(kOrders, order_id);
  if (order.StringOr("status", "") != "delivered") return Refuse(state, "Non-delivered order cannot be returned");

  TRY_ASSIGN(const std::string_view method_id, IdArgument(arguments, "payment_method_id"));
  TRY_ASSIGN(const Json* method, FindPaymentMethod(state, order, method_id));
  const bool gift_card = IsTau1(state) ? method_id.find("gift_card") != std::string_view::npos : IsGiftCard(*method);
  if (!gift_card && !IsFirstPaymentMethod(order, method_id)) {
    return Refuse(state, IsTau1(state) ? "Payment method should be either the original payment method or a gift card"
                                       : "Payment method should be the original payment method");
  }
  TRY_ASSIGN(Ids ids, ItemIds(arguments, "item_ids"));
  TRY_ASSIGN(const Json* excess, FirstExcess(arguments, ids, order));
  if (excess != nullptr) return Refuse(state, "Some item not found");

  Json& changed = *state.Mutable(kOrders, order_id);
  changed.Set("status", "return requested");
  changed.Set("return_items", Sorted(std::move(ids)));
  changed.Set("return_payment_method_id", Argument(arguments, "payment_method_id"));
  return state.Text(kOrders, order_id);
}

}  // namespace

ToolOutput ExchangeDeliveredOrderItems(State& state, const Json& arguments) {
  return RunTool<Exchange>(state, arguments);
}
ToolOutput ModifyPendingOrderItems(State& state, const Json& arguments) {
  return RunTool<ModifyItems>(state, arguments);
}
ToolOutput ReturnDeliveredOrderItems(State& state, const Json& arguments) { return RunTool<Return>(state, arguments); }

}  // namespace xsweep::retail
