// The retail tools that change nothing: lookups, the calculator, a thought and the transfer.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/retail/records.h"
#include "parts/environments/retail/tools.h"
#include "parts/environments/world/calculate.h"
#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep::retail {
namespace {

// The argument in lower case, as `.lower()` gives it: only a string has that.
Expected<std::string> LowerArgument(const Json& arguments, std::string_view name) {
  const Json& value = Argument(arguments, name);
  if (!value.is_string()) return BadArgument(name, "a string", value);
  return LowerCase(value.AsString());
}

bool LivesAt(const State& state, int user, const Json& zip) {
  const Json* found = state.Find(kUsers, state.world().id(kUsers, user));
  const Json* address = found == nullptr ? nullptr : found->Find("address");
  const Json* has = address == nullptr ? nullptr : address->Find("zip");
  return has != nullptr && PythonEquals(*has, zip);
}

Expected<std::string> FindByNameZip(State& state, const Json& arguments) {
  const auto& index = state.world().Derived<RetailIndex>();
  TRY_ASSIGN(const std::string first, LowerArgument(arguments, "first_name"));
  const auto named = index.users_by_first_name.find(first);
  if (named == index.users_by_first_name.end()) return Refuse(state, "User not found");
  // Only now does the reference touch the last name.
  TRY_ASSIGN(const std::string last, LowerArgument(arguments, "last_name"));
  for (const RetailIndex::Named& candidate : named->second) {
    if (candidate.last_name == last && LivesAt(state, candidate.user, Argument(arguments, "zip"))) {
      return std::string(state.world().id(kUsers, candidate.user));
    }
  }
  return Refuse(state, "User not found");
}

Expected<std::string> FindByEmail(State& state, const Json& arguments) {
  const auto& index = state.world().Derived<RetailIndex>();
  TRY_ASSIGN(const std::string email, LowerArgument(arguments, "email"));
  const auto user = index.user_by_email.find(email);
  if (user == index.user_by_email.end()) return Refuse(state, "User not found");
  return std::string(state.world().id(kUsers, user->second));
}

Expected<std::string> ItemDetails(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view id, IdArgument(arguments, "item_id"));
  const auto& variants = state.world().Derived<RetailIndex>().variant_by_item_id;
  const auto found = variants.find(std::string(id));
  if (found == variants.end()) return Refuse(state, "Item not found");
  return PythonJson(found->second);
}

Expected<std::string> ProductDetails(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view id, IdArgument(arguments, "product_id"));
  if (!state.Contains(kProducts, id)) return Refuse(state, "Product not found");
  return state.Text(kProducts, id);
}

Expected<std::string> OrderDetails(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view id, OrderArgument(state, arguments));
  return state.Text(kOrders, id);
}

Expected<std::string> UserDetails(State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view id, UserArgument(state, arguments));
  return state.Text(kUsers, id);
}

Expected<std::string> Evaluate(State& state, const Json& arguments) {
  return CalculateArgument(Argument(arguments, "expression"),
                           IsTau1(state) ? "invalid characters in expression" : "Invalid characters in expression");
}

}  // namespace

ToolOutput Calculate(State& state, const Json& arguments) { return RunTool<Evaluate>(state, arguments); }
ToolOutput FindUserIdByEmail(State& state, const Json& arguments) { return RunTool<FindByEmail>(state, arguments); }
ToolOutput FindUserIdByNameZip(State& state, const Json& arguments) { return RunTool<FindByNameZip>(state, arguments); }
ToolOutput GetItemDetails(State& state, const Json& arguments) { return RunTool<ItemDetails>(state, arguments); }
ToolOutput GetOrderDetails(State& state, const Json& arguments) { return RunTool<OrderDetails>(state, arguments); }
ToolOutput GetProductDetails(State& state, const Json& arguments) { return RunTool<ProductDetails>(state, arguments); }
ToolOutput GetUserDetails(State& state, const Json& arguments) { return RunTool<UserDetails>(state, arguments); }
ToolOutput ListAllProductTypes(State& state, const Json& /*arguments*/) {
  return {state.world().Derived<RetailIndex>().product_types, false};
}
ToolOutput Think(State& /*state*/, const Json& /*arguments*/) { return {"", false}; }
ToolOutput TransferToHumanAgents(State& /*state*/, const Json& /*arguments*/) { return {"Transfer successful", false}; }

}  // namespace xsweep::retail
