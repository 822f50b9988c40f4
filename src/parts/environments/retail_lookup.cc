// The retail tools that change nothing: lookups, the calculator, a thought and the transfer.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "parts/environments/calculate.h"
#include "parts/environments/python_text.h"
#include "parts/environments/retail_records.h"
#include "parts/environments/retail_tools.h"

namespace xsweep::retail {
namespace {

// The argument in lower case, as `.lower()` gives it: only a string has that.
Expected<std::string> LowerArgument(const Json& arguments, std::string_view name) {
  const Json& value = *arguments.Find(name);
  if (!value.is_string()) return BadKind(name, "a string", value);
  return LowerCase(value.AsString());
}

bool IsPythonNumber(const Json& value) { return value.is_number() || value.is_bool(); }
double NumberOf(const Json& value) { return value.is_bool() ? (value.AsBool() ? 1 : 0) : value.AsDouble(); }

// Python's ==, for which True, 1 and 1.0 are one. Addresses of tau-bench v1 may hold any of them.
bool PythonEqual(const Json& a, const Json& b) {
  if (IsPythonNumber(a) && IsPythonNumber(b)) return a == b || NumberOf(a) == NumberOf(b);
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.items(), b.items(), PythonEqual);
  if (!a.is_object() || !b.is_object()) return a == b;
  return a.size() == b.size() && std::ranges::all_of(a.members(), [&](const Json::Member& member) {
           const Json* other = b.Find(member.first);
           return other != nullptr && PythonEqual(member.second, *other);
         });
}

bool LivesAt(const State& state, int user, const Json& zip) {
  const Json* found = state.Find(kUsers, state.world().id(kUsers, user));
  const Json* address = found == nullptr ? nullptr : found->Find("address");
  const Json* has = address == nullptr ? nullptr : address->Find("zip");
  return has != nullptr && PythonEqual(*has, zip);
}

Expected<std::string> FindByNameZip(const State& state, const Json& arguments) {
  const auto& index = state.world().Derived<RetailIndex>();
  TRY_ASSIGN(const std::string first, LowerArgument(arguments, "first_name"));
  const auto named = index.users_by_first_name.find(first);
  if (named == index.users_by_first_name.end()) return Refuse(state, "User not found");
  // Only now does the reference touch the last name.
  TRY_ASSIGN(const std::string last, LowerArgument(arguments, "last_name"));
  for (const RetailIndex::Named& candidate : named->second) {
    if (candidate.last_name == last && LivesAt(state, candidate.user, *arguments.Find("zip"))) {
      return std::string(state.world().id(kUsers, candidate.user));
    }
  }
  return Refuse(state, "User not found");
}

Expected<std::string> FindByEmail(const State& state, const Json& arguments) {
  const auto& index = state.world().Derived<RetailIndex>();
  TRY_ASSIGN(const std::string email, LowerArgument(arguments, "email"));
  const auto user = index.user_by_email.find(email);
  if (user == index.user_by_email.end()) return Refuse(state, "User not found");
  return std::string(state.world().id(kUsers, user->second));
}

Expected<std::string> ItemDetails(const State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view id, IdArgument(arguments, "item_id"));
  const auto& variants = state.world().Derived<RetailIndex>().variant_by_item_id;
  const auto found = variants.find(std::string(id));
  if (found == variants.end()) return Refuse(state, "Item not found");
  return PythonJson(found->second);
}

Expected<std::string> ProductDetails(const State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view id, IdArgument(arguments, "product_id"));
  if (!state.Contains(kProducts, id)) return Refuse(state, "Product not found");
  return state.Text(kProducts, id);
}

Expected<std::string> OrderDetails(const State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view id, OrderArgument(state, arguments));
  return state.Text(kOrders, id);
}

Expected<std::string> UserDetails(const State& state, const Json& arguments) {
  TRY_ASSIGN(const std::string_view id, UserArgument(state, arguments));
  return state.Text(kUsers, id);
}

// The reference asks of each element of whatever it is given whether it occurs in the allowed text.
bool IsAllowedElement(const Json& element) {
  constexpr std::string_view kAllowed = "0123456789+-*/(). ";
  return element.is_string() && kAllowed.find(element.AsString()) != std::string_view::npos;
}

Expected<std::string> Evaluate(const State& state, const Json& arguments) {
  const Json& expression = *arguments.Find("expression");
  const auto refusal = [&] { return Refuse(state, "Invalid characters in expression"); };
  if (expression.is_string()) {
    if (!IsArithmetic(expression.AsString())) return refusal();
    return xsweep::Calculate(expression.AsString());
  }
  std::vector<Json> elements;
  if (expression.is_array()) elements = expression.items();
  if (expression.is_object()) {
    for (const auto& [key, ignored] : expression.members()) elements.emplace_back(key);
  }
  const auto wrong = std::ranges::find_if_not(elements, IsAllowedElement);
  if (wrong != elements.end() && wrong->is_string()) return refusal();
  return BadKind("expression", "a string", expression);
}

}  // namespace

ToolOutput Calculate(State& state, const Json& arguments) { return Answer(Evaluate(state, arguments)); }
ToolOutput FindUserIdByEmail(State& state, const Json& arguments) { return Answer(FindByEmail(state, arguments)); }
ToolOutput FindUserIdByNameZip(State& state, const Json& arguments) { return Answer(FindByNameZip(state, arguments)); }
ToolOutput GetItemDetails(State& state, const Json& arguments) { return Answer(ItemDetails(state, arguments)); }
ToolOutput GetOrderDetails(State& state, const Json& arguments) { return Answer(OrderDetails(state, arguments)); }
ToolOutput GetProductDetails(State& state, const Json& arguments) { return Answer(ProductDetails(state, arguments)); }
ToolOutput GetUserDetails(State& state, const Json& arguments) { return Answer(UserDetails(state, arguments)); }
ToolOutput ListAllProductTypes(State& state, const Json& /*arguments*/) {
  return {state.world().Derived<RetailIndex>().product_types, false};
}
ToolOutput Think(State& /*state*/, const Json& /*arguments*/) { return {"", false}; }
ToolOutput TransferToHumanAgents(State& /*state*/, const Json& /*arguments*/) { return {"Transfer successful", false}; }

}  // namespace xsweep::retail
