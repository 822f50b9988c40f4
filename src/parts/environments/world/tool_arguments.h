// How a desk reads its arguments: look-ups by id, and the conversions that tau2's models make of what they are given.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "parts/environments/world/tools.h"

namespace xsweep {

/// An argument that CallTool has found to be there.
const Json& Argument(const Json& arguments, std::string_view name);

/// The error for a value that no look-up or conversion takes: names the argument and shows the value.
std::unexpected<Error> BadArgument(std::string_view what, std::string_view must_be, const Json& value);

/// The id when it could name a record; a list or dict is an error, as in Python; other kinds name nothing (nullptr).
Expected<const std::string*> AsKey(const Json& id, std::string_view what);

/// `mapping[key]` or nullptr; a key that is a list or dict is an error.
Expected<const Json*> FindKey(const Json* mapping, const Json& key, std::string_view what);

// Pydantic's lax conversions of a model's field. Text in numbers may have blanks around it and a tail of ".000".
Expected<Json> ToModelInt(const Json& value, std::string_view what);
Expected<Json> ToModelFloat(const Json& value, std::string_view what);
Status RequireString(const Json& value, std::string_view what);
Status RequireOneOf(const Json& value, std::string_view what, std::initializer_list<std::string_view> allowed);

/// What `for x in value` runs over: a list's elements; nothing for "" and {}. Whatever else is an error: the reference
/// would go on to take a field of a letter or of a key.
Expected<std::vector<Json>> Elements(const Json& value, std::string_view what);

/// An argument that tau2 turns into models only if all its elements are dicts; otherwise it goes on as it is.
struct ModelList {
  bool converted = false;
  std::vector<Json> items;  ///< the models, when converted
};
Expected<ModelList> ToModelList(const Json& value, std::string_view what,
                                Expected<Json> (*convert)(const Json& element, const std::string& what));

/// `object` with only these fields, in this order; absent ones stay absent.
Json PickFields(const Json& object, std::initializer_list<std::string_view> names);

/// Turns a function that may fail into a DeskTool's: an error becomes "Error: message".
template <Expected<std::string> (*kTool)(State&, const Json&)>
ToolOutput RunTool(State& state, const Json& arguments) {
  Expected<std::string> result = kTool(state, arguments);
  if (!result) return ToolError(result.error().message);
  return {.content = std::move(*result), .error = false};
}

}  // namespace xsweep
