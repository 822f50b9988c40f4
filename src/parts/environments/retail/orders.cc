// The retail tools on orders and addresses: cancel, ship elsewhere, pay otherwise.
// SPDX-License-Identifier: Apache-2.0

#include "parts/environments/retail/records.h"
#include "parts/environments/retail/tools.h"
#include "parts/environments/world/tool_arguments.h"

namespace xsweep::retail {
namespace {

const Json& Member(const Json& object, std::string_view name) {
  static const Json null;
  const Json* found = object.Find(name);
  return found == nullptr ? null : *found;
}

Json Payment(std::string_view type, const Json& amount, const Json& payment_method_id) {
  return Json::MakeObject({{"transaction_type", type}, {"amount", amount}, {"payment_method_id", payment_method_id}});
}

// Whether money that comes back goes onto a card at once. v1 looks at the id and only then for the method; tau2 wants
// the method to exist in any case.
Expected<bool> RefundsAtOnce(const State& state, const Json& order, std::string_view payment_method_id) {
  const bool named_gift_card = payment_method_id.find("gift_card") != std::string_view::npos;
  if (IsTau1(state) && !named_gift_card) return false;
  TRY_ASSIGN(const Json* method, FindPaymentMethod(state, order, payment_method_id));
  return IsTau1(state) || IsGiftCard(*method);
}

bool IsCancelReason(const Json& reason) {
  return reason.is_string() && (reason.AsString() == "no longer needed" || reason.AsString() == "ordered by mistake");
}

Expected<std::string> Cancel(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view order_id, ChangeableOrderArgument(state, arguments));
  const Json order = *state.Find(kOrders, order_id);
  if (order.StringOr("status", "") != "pending") return Refuse(state, "Non-pending order cannot be cancelled");
  const Json& reason = Argument(arguments, "reason");
  if (!IsCancelReason(reason)) return Refuse(state, "Invalid reason");

  Json history = Member(order, "payment_history");
  std::vector<Json> refunds;
  for (const Json& payment : Member(order, "payment_history").items()) {
    const Json& method_id = Member(payment, "payment_method_id");
    const std::string_view method = payment.StringOr("payment_method_id", "");
    refunds.push_back(Payment("refund", Member(payment, "amount"), method_id));
    // A method that is missing ends the call here, with the earlier refunds made: so does the reference.
    TRY_ASSIGN(const bool at_once, RefundsAtOnce(state, order, method));
    if (at_once) AddToBalance(state, order, method, Member(payment, "amount"));
  }
  for (Json& refund : refunds) history.Append(std::move(refund));
  Json& changed = *state.Mutable(kOrders, order_id);
  changed.Set("status", "cancelled");
  changed.Set("cancel_reason", reason);
  changed.Set("payment_history", std::move(history));
  return state.Text(kOrders, order_id);
}

// tau2's model has its own field order and takes strings only; v1 keeps what it is given, in the order of parameters.
Expected<Json> AddressArgument(const State& state, const Json& arguments) {
  static constexpr std::string_view kTau2Order[] = {"address1", "address2", "city", "country", "state", "zip"};
  static constexpr std::string_view kTau1Order[] = {"address1", "address2", "city", "state", "country", "zip"};
  std::vector<Json::Member> members;
  for (const std::string_view name : IsTau1(state) ? kTau1Order : kTau2Order) {
    const Json& value = Argument(arguments, name);
    if (!IsTau1(state) && !value.is_string()) {
      return BadArgument(name, "a string", value);
    }
    members.emplace_back(std::string(name), value);
  }
  return Json::MakeObject(std::move(members));
}

// tau2 also lets an order through whose items were modified.
bool IsPending(const State& state, const Json& order) {
  const std::string_view status = order.StringOr("status", "");
  return IsTau1(state) ? status == "pending" : status.find("pending") != std::string_view::npos;
}

Expected<std::string> ModifyOrderAddress(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view order_id, OrderArgument(state, arguments));
  if (!IsPending(state, *state.Find(kOrders, order_id))) return Refuse(state, "Non-pending order cannot be modified");
  TRY_ASSIGN(Json address, AddressArgument(state, arguments));
  state.Mutable(kOrders, order_id)->Set("address", std::move(address));
  return state.Text(kOrders, order_id);
}

Expected<std::string> ModifyAddress(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view user_id, UserArgument(state, arguments));
  TRY_ASSIGN(Json address, AddressArgument(state, arguments));
  state.Mutable(kUsers, user_id)->Set("address", std::move(address));
  return state.Text(kUsers, user_id);
}

Expected<std::string> ModifyPayment(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view order_id, ChangeableOrderArgument(state, arguments));
  const Json order = *state.Find(kOrders, order_id);
  if (!IsPending(state, order)) return Refuse(state, "Non-pending order cannot be modified");
  TRY_ASSIGN(const std::string_view method_id, IdArgument(arguments, "payment_method_id"));
  TRY_ASSIGN(const Json* method, FindPaymentMethod(state, order, method_id));
  const bool gift_card = IsGiftCard(*method);

  const Json& history = Member(order, "payment_history");
  if (history.size() != 1 || history.items()[0].StringOr("transaction_type", "") != "payment") {
    return Refuse(state, "There should be exactly one payment for a pending order");
  }
  const Json& old_id = Member(history.items()[0], "payment_method_id");
  const Json& amount = Member(history.items()[0], "amount");
  const std::string_view old_method = history.items()[0].StringOr("payment_method_id", "");
  if (old_method == method_id) return Refuse(state, "The new payment method should be different from the current one");
  if (gift_card && method->DoubleOr("balance", 0) < amount.AsDouble()) {
    return Refuse(state, "Insufficient gift card balance to pay for the order");
  }

  Json* changed_history = state.Mutable(kOrders, order_id)->FindMutable("payment_history");
  changed_history->Append(Payment("payment", amount, Argument(arguments, "payment_method_id")));
  changed_history->Append(Payment("refund", amount, old_id));
  if (gift_card) AddToBalance(state, order, method_id, Negated(amount));
  TRY_ASSIGN(const bool at_once, RefundsAtOnce(state, order, old_method));
  if (at_once) AddToBalance(state, order, old_method, amount);
  return state.Text(kOrders, order_id);
}

}  // namespace

ToolOutput CancelPendingOrder(State& state, const Json& arguments) { return RunTool<Cancel>(state, arguments); }
ToolOutput ModifyPendingOrderAddress(State& state, const Json& arguments) {
  return RunTool<ModifyOrderAddress>(state, arguments);
}
ToolOutput ModifyPendingOrderPayment(State& state, const Json& arguments) {
  return RunTool<ModifyPayment>(state, arguments);
}
ToolOutput ModifyUserAddress(State& state, const Json& arguments) { return RunTool<ModifyAddress>(state, arguments); }

}  // namespace xsweep::retail
