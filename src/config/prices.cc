// Prices: what a model's tokens cost where its own section does not say so.
// SPDX-License-Identifier: Apache-2.0
#include "config/prices.h"

#include <fmt/format.h>

#include "base/embedded.h"
#include "base/files.h"
#include "base/text.h"

namespace xsweep {
namespace {

constexpr double kMostUsd = 1e6;
constexpr std::string_view kHowToWrite = "write {input: 0.15, output: 0.60}, in dollars per million tokens";

std::optional<Json> CheckPrice(const MarkedValue& node, const std::string& label, Faults& faults) {
  if (!node.is_map()) {
    faults.Add(node.at, fmt::format("`{}` is no price but {}; {}", label, KindInWords(node), kHowToWrite));
    return std::nullopt;
  }
  Json price = Json::MakeObject();
  bool sound = true;
  const auto fault = [&](Mark at, std::string words) {
    faults.Add(at, std::move(words));
    sound = false;
  };
  for (const MarkedEntry& entry : node.entries) {
    const bool known =
        entry.key == "input" || entry.key == "output" || entry.key == "cached_input" || entry.key == "cache_write";
    if (!known) {
      fault(entry.key_at, fmt::format("a price has no `{}`; {}", Printable(entry.key), kHowToWrite));
    } else if (!entry.value.scalar.is_number() || !(entry.value.scalar.AsDouble() >= 0) ||
               entry.value.scalar.AsDouble() > kMostUsd) {
      fault(entry.value.at, fmt::format("`{}.{}` must be a number from 0 to {:.0f}, in dollars per million tokens",
                                        label, entry.key, kMostUsd));
    } else {
      price.Set(entry.key, entry.value.scalar);
    }
  }
  if (sound && (price.Find("input") == nullptr || price.Find("output") == nullptr))
    fault(node.at, fmt::format("`{}` needs both `input` and `output`; {}", label, kHowToWrite));
  return sound ? std::optional(std::move(price)) : std::nullopt;
}

std::string_view HostOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of(":/?#"));
}

/// data/prices.yaml: {host: {model: price}}. It is our own file: a fault in it is a mistake of the build.
Json ReadList() {
  const EmbeddedFile* file = FindEmbedded("data/prices.yaml");
  CHECK(file != nullptr, "the list of prices is missing from the binary");
  Faults faults("data/prices.yaml");
  const auto root = ParseYaml(file->bytes, 0, faults);
  Json list = Json::MakeObject();
  if (root) {
    for (const MarkedEntry& host : root->entries) list.Set(host.key, CheckPrices(host.value, faults));
  }
  CHECK(faults.empty(), "the list of prices cannot be read");
  return list;
}

}  // namespace

Json CheckPrices(const MarkedValue& node, Faults& faults) {
  Json table = Json::MakeObject();
  if (!node.is_map()) {
    faults.Add(node.at,
               fmt::format("`prices` must be a mapping from model names to prices, not {}", KindInWords(node)));
    return table;
  }
  for (const MarkedEntry& entry : node.entries) {
    if (entry.key.empty()) faults.Add(entry.key_at, "a price needs the name of its model");
    auto price = CheckPrice(entry.value, "prices." + Printable(entry.key), faults);
    if (price) table.Set(entry.key, std::move(*price));
  }
  return table;
}

Expected<Json> ReadPricesFile(const std::filesystem::path& path) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20U;
  const auto text = ReadFile(path, kMostBytes);
  if (!text) return UserError(text.error().message, path.string());
  Faults faults(path.string());
  const auto root = ParseYaml(*text, 0, faults);
  if (faults.empty() && (!root || root->is_null())) {
    faults.Add(Mark{}, fmt::format("holds no prices; a line is a model's name and its price: {}", kHowToWrite));
  }
  Json table = root && !root->is_null() ? CheckPrices(*root, faults) : Json();
  if (!faults.empty()) return std::unexpected(faults.ToError());
  return table;
}

const Json* FindPrice(const Json& table, std::string_view model) {
  if (!table.is_object()) return nullptr;
  const Json* best = nullptr;
  std::size_t best_length = 0;
  for (const auto& [name, price] : table.members()) {
    if (name == model) return &price;
    if (!name.ends_with('*') || !model.starts_with(std::string_view(name).substr(0, name.size() - 1))) continue;
    if (best != nullptr && name.size() <= best_length) continue;
    best = &price;
    best_length = name.size();
  }
  return best;
}

const Json* ListPrice(std::string_view base_url, std::string_view model) {
  static const Json list = ReadList();
  const Json* host = list.Find(AsciiLower(HostOf(base_url)));
  return host == nullptr ? nullptr : FindPrice(*host, model);
}

void StatePrice(const Json& table, PartConfig& model) {
  const Json* own = model.options.Find("price");
  if (own != nullptr && !own->is_null()) return;
  const std::string_view name = model.options.StringOr("model", "");
  const Json* price = FindPrice(table, name);
  if (price == nullptr) price = ListPrice(model.options.StringOr("base_url", ""), name);
  if (price != nullptr) model.options.Set("price", *price);
}

}  // namespace xsweep
