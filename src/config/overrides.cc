// Applies what the command line changes to the tree of a config.
// SPDX-License-Identifier: Apache-2.0
#include "config/overrides.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/yaml_scalar.h"
#include "config/yaml_tree.h"

namespace xsweep {
namespace {

void SetKey(MarkedValue& map, const std::string& key, MarkedValue value, Mark at) {
  if (MarkedValue* present = map.Find(key)) {
    *present = std::move(value);
    return;
  }
  map.entries.push_back({key, at, std::move(value)});
}

MarkedValue Scalar(const std::string& text, const Json& value, Mark at) {
  MarkedValue node;
  node.at = at;
  node.text = text;
  node.scalar = value;
  return node;
}

/// A value as a flag writes it. Nothing is a value too, null: passed over, it would silently leave the config's own.
std::optional<MarkedValue> ParseValue(std::string_view text, Mark at, Faults& faults) {
  const std::size_t before = faults.size();
  auto value = ParseYaml(text, at.source, faults);
  if (!value && faults.size() == before) return Scalar("", Json(), at);
  return value;
}

std::vector<std::string> SplitPath(const std::string& path) {
  constexpr std::string_view kGrid = "grid.";
  if (path.starts_with(kGrid)) return {"grid", path.substr(kGrid.size())};
  return Split(path, '.');
}

void SetPath(const std::string& path, MarkedValue value, Mark at, MarkedValue& root, Faults& faults) {
  const std::vector<std::string> keys = SplitPath(path);
  if (std::ranges::any_of(keys, &std::string::empty)) return faults.Add(at, "the path has an empty piece");
  MarkedValue* map = &root;
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    MarkedValue* next = map->Find(keys[i]);
    if (next == nullptr) {
      map->entries.push_back({keys[i], at, FromJson(Json::MakeObject(), at)});
      next = &map->entries.back().value;
    }
    if (!next->is_map()) {
      return faults.Add(at, fmt::format("`{}` is not a mapping, so nothing can be set in it", Printable(keys[i])));
    }
    map = next;
  }
  SetKey(*map, keys.back(), std::move(value), at);
}

void ApplySet(const std::string& set, MarkedValue& root, Faults& faults) {
  const std::size_t equals = set.find('=');
  const std::string path = set.substr(0, equals);
  const Mark at{faults.AddSource(path.empty() ? "--set" : "--set " + Printable(path)), 1, 1};
  if (equals == std::string::npos || path.empty()) {
    return faults.Add(at, "expected PATH=VALUE, e.g. --set judge.threshold=300");
  }
  auto value = ParseValue(std::string_view(set).substr(equals + 1), at, faults);
  if (value) SetPath(path, std::move(*value), at, root, faults);
}

/// The config's own prices stay: they are closer to the experiment than a table for all.
void AddPrices(const Json& table, Mark at, MarkedValue& root) {
  if (root.Find("prices") == nullptr) SetKey(root, "prices", FromJson(Json::MakeObject(), at), at);
  MarkedValue& prices = *root.Find("prices");
  if (!prices.is_map()) return;  // the loader will say so
  for (const auto& [model, price] : table.members()) {
    if (prices.Find(model) == nullptr) SetKey(prices, model, FromJson(price, at), at);
  }
}

MarkedValue SeedsNode(const std::string& text, Mark at) {
  MarkedValue list = FromJson(Json::MakeArray(), at);
  for (const std::string& piece : Split(text, ',')) list.items.push_back(Scalar(piece, TypedScalar(piece), at));
  return list;
}

}  // namespace

void ApplyOverrides(const Overrides& overrides, MarkedValue& root, Faults& faults) {
  const auto flag = [&](const char* name) { return Mark{faults.AddSource(name), 1, 1}; };
  for (const std::string& set : overrides.sets) ApplySet(set, root, faults);
  if (overrides.exp) {
    const Mark at = flag("--exp");
    SetKey(root, "exp", Scalar(*overrides.exp, *overrides.exp, at), at);
  }
  if (overrides.mode) {
    const Mark at = flag("--mode");
    SetKey(root, "mode", Scalar(*overrides.mode, *overrides.mode, at), at);
  }
  if (overrides.seeds) {
    const Mark at = flag("--seeds");
    SetKey(root, "seeds", SeedsNode(*overrides.seeds, at), at);
  }
  if (overrides.trials) {
    const Mark at = flag("--trials");
    auto value = ParseValue(*overrides.trials, at, faults);
    if (value) SetKey(root, "trials", std::move(*value), at);
  }
  if (overrides.prices.is_object()) AddPrices(overrides.prices, flag("--prices"), root);
}

}  // namespace xsweep
