// Json::Parse: the only place that reads whole JSON documents, by simdjson.
// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include <algorithm>

#include "base/characters.h"
#include "base/json.h"

namespace xsweep {
namespace {

namespace ondemand = simdjson::ondemand;
constexpr int kMaxDepth = 256;

// On-demand parsing hands out the digits as written, which is what large integers need.
simdjson::error_code ReadNumber(ondemand::value value, Json& out) {
  const std::string_view token = Trim(value.raw_json_token());
  if (token.find_first_of(".eE") != std::string_view::npos) {
    double real = 0;
    const auto error = value.get_double().get(real);
    if (!error) out = Json(real);
    return error;
  }
  std::int64_t integer = 0;
  const auto error = value.get_int64().get(integer);
  if (!error) {
    out = Json(integer);
    return error;
  }
  const std::string_view digits = token.substr(token.starts_with('-') ? 1 : 0);
  const bool whole = !digits.empty() && digits[0] != '0' && digits.find_first_not_of("0123456789") == digits.npos;
  if (!whole || digits.size() > 4300) return error;
  out = Json::MakeInteger(token);
  return simdjson::SUCCESS;
}

simdjson::error_code Read(ondemand::value value, int depth, Json& out);

simdjson::error_code ReadArray(ondemand::value value, int depth, Json& out) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return error;
  std::vector<Json> items;
  for (auto element : array) {
    ondemand::value item;
    if (const auto error = element.get(item)) return error;
    if (const auto error = Read(item, depth + 1, items.emplace_back())) return error;
  }
  out = Json::MakeArray(std::move(items));
  return simdjson::SUCCESS;
}

simdjson::error_code ReadObject(ondemand::value value, int depth, Json& out) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  std::vector<Json::Member> members;
  for (auto entry : object) {
    ondemand::field field;
    if (const auto error = std::move(entry).get(field)) return error;
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return error;
    // Few members: a scan is cheaper than a set. Many (a table, or hostile input): sort once at the end instead.
    members.emplace_back(std::string(key), Json());
    if (const auto error = Read(field.value(), depth + 1, members.back().second)) return error;
  }
  std::vector<std::size_t> order(members.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t i) -> const std::string& { return members[i].first; });
  std::vector<bool> drop(members.size());
  bool repeated = false;
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (members[order[i]].first != members[order[i - 1]].first) continue;
    members[order[i - 1]].second.swap(members[order[i]].second);
    std::swap(order[i], order[i - 1]);
    drop[order[i - 1]] = repeated = true;
  }
  if (repeated) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (drop[i]) continue;
      if (kept != i) members[kept] = std::move(members[i]);
      ++kept;
    }
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(kept), members.end());
  }
  out = Json::MakeObject(std::move(members));
  return simdjson::SUCCESS;
}

simdjson::error_code Read(ondemand::value value, int depth, Json& out) {
  if (depth > kMaxDepth) return simdjson::DEPTH_ERROR;
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::array: return ReadArray(value, depth, out);
    case ondemand::json_type::object: return ReadObject(value, depth, out);
    case ondemand::json_type::number: return ReadNumber(value, out);
    case ondemand::json_type::string: {
      std::string_view text;
      const auto error = value.get_string().get(text);
      if (!error) out = Json(text);
      return error;
    }
    case ondemand::json_type::boolean: {
      bool truth = false;
      const auto error = value.get_bool().get(truth);
      if (!error) out = Json(truth);
      return error;
    }
    default: {
      if (Trim(value.raw_json_token()) != "null") return simdjson::N_ATOM_ERROR;
      // Not `if (value.is_null())`: of a broken null ("null\f") that throws.
      bool null = false;
      if (const auto error = value.is_null().get(null)) return error;
      return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
  }
}

}  // namespace

Expected<Json> Json::Parse(std::string_view text, std::string_view where) {
  thread_local ondemand::parser parser;
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return UserError("empty where JSON was expected", where);
  // A scalar document cannot be walked as a value; one wrapping array serves both and costs a copy of the text,
  // which padding needs anyway.
  std::string wrapped;
  wrapped.reserve(text.size() + 2 + simdjson::SIMDJSON_PADDING);
  wrapped.append(1, '[').append(text).append(1, ']');
  ondemand::document document;
  auto error = parser.iterate(wrapped.data(), wrapped.size(), wrapped.capacity()).get(document);
  ondemand::value root;
  Json value;
  if (!error) error = document.get_value().get(root);
  if (!error) error = Read(root, 0, value);
  // Nothing may follow the value: at the end of the document there is no current location.
  if (!error && document.current_location().error() == simdjson::SUCCESS) error = simdjson::TRAILING_CONTENT;
  if (!error && value.size() != 1) error = simdjson::TRAILING_CONTENT;
  if (error) return UserError(std::string("not valid JSON: ") + simdjson::error_message(error), where);
  return value.items()[0];
}

}  // namespace xsweep
