// Json::Parse: the only place that reads whole JSON documents, by simdjson.
// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_map>
#include <unordered_set>

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

/// The string as it stands, where nothing in it is escaped: simdjson has checked its characters already, and takes
/// them out byte by byte.
std::optional<std::string_view> Unescaped(ondemand::value value) {
  const std::string_view token = Trim(value.raw_json_token());
  if (token.size() < 2 || !token.ends_with('"') || token.find('\\') != std::string_view::npos) return std::nullopt;
  return token.substr(1, token.size() - 2);
}

simdjson::error_code ReadString(ondemand::value value, Json& out) {
  if (const auto text = Unescaped(value)) {
    ondemand::raw_json_string passed;  // the walk goes on behind it
    const auto error = value.get_raw_json_string().get(passed);
    if (!error) out = Json(*text);
    return error;
  }
  std::string_view text;
  const auto error = value.get_string().get(text);
  if (!error) out = Json(text);
  return error;
}

/// Whether two members have one name. Few members: looking at all pairs is cheaper than a set.
bool HasRepeated(const std::vector<Json::Member>& members) {
  constexpr std::size_t kFew = 24;
  if (members.size() > kFew) {
    std::unordered_set<std::string_view> names;
    return !std::ranges::all_of(members, [&](const Json::Member& member) { return names.insert(member.first).second; });
  }
  for (std::size_t i = 1; i < members.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (members[i].first == members[j].first) return true;
    }
  }
  return false;
}

/// Of members with one name the first keeps its place and gets the value of the last.
void DropRepeated(std::vector<Json::Member>& members) {
  std::unordered_map<std::string, std::size_t> places;
  std::vector<Json::Member> kept;
  for (Json::Member& member : members) {
    const auto [place, is_new] = places.emplace(member.first, kept.size());
    if (is_new) {
      kept.push_back(std::move(member));
    } else {
      kept[place->second].second = std::move(member.second);
    }
  }
  members = std::move(kept);
}

/// One document. What is not whole yet lies on two piles, so that each array and object is made once and in its size.
class Reader {
 public:
  simdjson::error_code Read(ondemand::value value, int depth, Json& out) {
    if (depth > kMaxDepth) return simdjson::DEPTH_ERROR;
    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return error;
    switch (type) {
      case ondemand::json_type::array: return ReadArray(value, depth, out);
      case ondemand::json_type::object: return ReadObject(value, depth, out);
      case ondemand::json_type::number: return ReadNumber(value, out);
      case ondemand::json_type::string: return ReadString(value, out);
      case ondemand::json_type::boolean: {
        bool truth = false;
        const auto error = value.get_bool().get(truth);
        if (!error) out = Json(truth);
        return error;
      }
      default: return ReadNull(value);
    }
  }

 private:
  static simdjson::error_code ReadNull(ondemand::value value) {
    if (Trim(value.raw_json_token()) != "null") return simdjson::N_ATOM_ERROR;
    // Not `if (value.is_null())`: of a broken null ("null\f") that throws.
    bool null = false;
    if (const auto error = value.is_null().get(null)) return error;
    return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
  }

  template <class T>
  static std::vector<T> TakeFrom(std::vector<T>& pile, std::size_t begin) {
    const auto first = pile.begin() + static_cast<std::ptrdiff_t>(begin);
    std::vector<T> taken(std::make_move_iterator(first), std::make_move_iterator(pile.end()));
    pile.erase(first, pile.end());
    return taken;
  }

  simdjson::error_code ReadArray(ondemand::value value, int depth, Json& out) {
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    const std::size_t begin = items_.size();
    for (auto element : array) {
      ondemand::value item;
      if (const auto error = element.get(item)) return error;
      Json read;
      if (const auto error = Read(item, depth + 1, read)) return error;
      items_.push_back(std::move(read));
    }
    out = Json::MakeArray(TakeFrom(items_, begin));
    return simdjson::SUCCESS;
  }

  simdjson::error_code ReadObject(ondemand::value value, int depth, Json& out) {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    const std::size_t begin = members_.size();
    for (auto entry : object) {
      ondemand::field field;
      if (const auto error = std::move(entry).get(field)) return error;
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return error;
      const std::size_t place = members_.size();
      members_.emplace_back(std::string(key), Json());
      Json read;
      if (const auto error = Read(field.value(), depth + 1, read)) return error;
      members_[place].second = std::move(read);
    }
    std::vector<Json::Member> members = TakeFrom(members_, begin);
    if (HasRepeated(members)) DropRepeated(members);
    out = Json::MakeObject(std::move(members));
    return simdjson::SUCCESS;
  }

  std::vector<Json> items_;
  std::vector<Json::Member> members_;
};

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
  if (!error) error = Reader().Read(root, 0, value);
  // Nothing may follow the value: at the end of the document there is no current location.
  if (!error && document.current_location().error() == simdjson::SUCCESS) error = simdjson::TRAILING_CONTENT;
  if (!error && value.size() != 1) error = simdjson::TRAILING_CONTENT;
  if (error) return UserError(std::string("not valid JSON: ") + simdjson::error_message(error), where);
  return value.items()[0];
}

}  // namespace xsweep
