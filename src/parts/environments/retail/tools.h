// The sixteen tools of the retail desk, by the rules of either benchmark.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "parts/environments/world/tools.h"

namespace xsweep {

/// tau2-bench 1.0.1. Copied with its quirks: `modify_pending_order_items` gives every modified item the price and the
/// options of the last new one; exchanging or returning an empty list of items succeeds and changes the order.
extern const Desk kTau2Retail;
/// tau-bench v1. Copied with its quirks: addresses take any JSON; the price difference of modified items is kept
/// unrounded; a new item may be the old one.
extern const Desk kTau1Retail;

namespace retail {

// The tools by the file they live in. Arguments are all there (CallTool has looked); their types are not checked yet.

// retail_lookup.cc: nothing changes.
ToolOutput Calculate(State& state, const Json& arguments);
ToolOutput FindUserIdByEmail(State& state, const Json& arguments);
ToolOutput FindUserIdByNameZip(State& state, const Json& arguments);
ToolOutput GetItemDetails(State& state, const Json& arguments);
ToolOutput GetOrderDetails(State& state, const Json& arguments);
ToolOutput GetProductDetails(State& state, const Json& arguments);
ToolOutput GetUserDetails(State& state, const Json& arguments);
ToolOutput ListAllProductTypes(State& state, const Json& arguments);
ToolOutput Think(State& state, const Json& arguments);
ToolOutput TransferToHumanAgents(State& state, const Json& arguments);

// retail_items.cc: exchange, modify and return items.
ToolOutput ExchangeDeliveredOrderItems(State& state, const Json& arguments);
ToolOutput ModifyPendingOrderItems(State& state, const Json& arguments);
ToolOutput ReturnDeliveredOrderItems(State& state, const Json& arguments);

// retail_orders.cc: cancel, addresses, payment.
ToolOutput CancelPendingOrder(State& state, const Json& arguments);
ToolOutput ModifyPendingOrderAddress(State& state, const Json& arguments);
ToolOutput ModifyPendingOrderPayment(State& state, const Json& arguments);
ToolOutput ModifyUserAddress(State& state, const Json& arguments);

}  // namespace retail
}  // namespace xsweep
