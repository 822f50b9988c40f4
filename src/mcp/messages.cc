// Messages: reading what a server wrote.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/messages.h"

#include <cmath>
#include <utility>

#include "base/json_mend.h"
#include "base/text.h"
#include "base/wire_text.h"

namespace xsweep {
namespace {

void Take(Json message, std::vector<Json>& messages) {
  if (!message.is_object()) return;
  for (const std::string_view member : {"method", "error", "params"}) {
    const Json* value = message.Find(member);
    if (value != nullptr && value->is_null()) message.Erase(member);
  }
  messages.push_back(std::move(message));
}

}  // namespace

std::vector<Json> ReadMessages(std::string_view text) {
  std::vector<Json> messages;
  Expected<Json> read = ParseMended(WithoutByteOrderMark(text));
  if (!read) return messages;
  if (!read->is_array()) {
    Take(std::move(*read), messages);
    return messages;
  }
  for (const Json& message : read->items()) Take(message, messages);
  return messages;
}

std::optional<std::int64_t> AnsweredId(const Json& message) {
  const Json* id = message.Find("method") == nullptr ? message.Find("id") : nullptr;
  if (id == nullptr) return std::nullopt;
  if (id->is_int()) return id->AsInt();
  if (id->is_double() && id->AsDouble() == std::floor(id->AsDouble()) && std::abs(id->AsDouble()) < 1e15)
    return static_cast<std::int64_t>(id->AsDouble());
  const auto number = id->is_string() ? ParseUnsigned(id->AsString()) : std::nullopt;
  return number ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

}  // namespace xsweep
