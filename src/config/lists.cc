// The lists a config writes in short: seeds and tasks.
// SPDX-License-Identifier: Apache-2.0
#include "config/lists.h"

#include <fmt/format.h>

#include <optional>
#include <unordered_set>
#include <utility>

#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::uint64_t kMostItems = 1'000'000;

using Range = std::pair<std::uint64_t, std::uint64_t>;

/// "3..17" with 3 <= 17; empty when the text is no such range.
std::optional<Range> ParseRange(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const auto low = ParseUnsigned(text.substr(0, dots));
  const auto high = ParseUnsigned(text.substr(dots + 2));
  if (!low || !high || *low > *high) return std::nullopt;
  return Range{*low, *high};
}

/// The items of a list, or the one item that stands in its place.
std::vector<const MarkedValue*> ItemsOf(const MarkedValue& node) {
  if (!node.is_list()) return {&node};
  std::vector<const MarkedValue*> items;
  items.reserve(node.items.size());
  for (const MarkedValue& item : node.items) items.push_back(&item);
  return items;
}

class SeedList {
 public:
  explicit SeedList(Faults& faults) : faults_(faults) {}

  void Add(const MarkedValue& item) {
    const Json& value = item.scalar;
    if (value.is_int() && value.AsInt() >= 0) return AddOne(static_cast<std::uint64_t>(value.AsInt()), item.at);
    if (value.is_int() || value.is_big_int()) {
      return faults_.Add(item.at,
                         fmt::format("a seed must be from 0 to 9223372036854775807, not {}", Printable(item.text)));
    }
    const auto range = value.is_string() ? ParseRange(value.AsString()) : std::nullopt;
    if (!range || range->second > INT64_MAX) {
      const std::string shown = item.text.empty() ? "" : fmt::format(" `{}`", Printable(item.text));
      return faults_.Add(item.at, fmt::format("a seed must be a whole number or a range such as 1..64, not {}{}",
                                              KindInWords(item), shown));
    }
    if (range->second - range->first >= kMostItems - seeds_.size()) {
      return faults_.Add(item.at, fmt::format("more than {} seeds", WithThousands(kMostItems)));
    }
    for (std::uint64_t seed = range->first; seed <= range->second; ++seed) AddOne(seed, item.at);
  }

  std::vector<std::uint64_t> Take() { return std::move(seeds_); }

 private:
  void AddOne(std::uint64_t seed, Mark at) {
    if (seen_.insert(seed).second)
      seeds_.push_back(seed);
    else
      faults_.Add(at, fmt::format("seed {} is given twice", seed));
  }

  Faults& faults_;
  std::vector<std::uint64_t> seeds_;
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace

std::vector<std::uint64_t> CheckSeeds(const MarkedValue& node, Faults& faults) {
  const bool range = node.kind == MarkedValue::Kind::kScalar && node.scalar.is_string();
  if (!node.is_list() && !range) {
    faults.Add(node.at, fmt::format("`seeds` must be a list such as [41, 42] or a range such as 1..64, not {}",
                                    KindInWords(node)));
    return {};
  }
  if (node.is_list() && node.items.empty()) faults.Add(node.at, "`seeds` is empty; at least one is needed");
  SeedList seeds(faults);
  for (const MarkedValue* item : ItemsOf(node)) seeds.Add(*item);
  return seeds.Take();
}

std::vector<std::string> CheckTasks(const MarkedValue& node, Faults& faults) {
  const bool text = node.kind == MarkedValue::Kind::kScalar && node.scalar.is_string();
  if (text && node.text == "all") return {};
  if (!node.is_list() && !(text && ParseRange(node.text))) {
    faults.Add(node.at,
               fmt::format("`environment.tasks` must be all, a list of task ids or a range such as 0..49, not {}",
                           KindInWords(node)));
    return {};
  }
  if (node.is_list() && node.items.empty())
    faults.Add(node.at, "`environment.tasks` is empty; write all for all tasks");
  std::vector<std::string> tasks;
  std::unordered_set<std::string> seen;
  const auto add = [&](const std::string& id, Mark at) {
    if (seen.insert(id).second)
      tasks.push_back(id);
    else
      faults.Add(at, fmt::format("task `{}` is given twice", Printable(id)));
  };
  for (const MarkedValue* item : ItemsOf(node)) {
    const auto range = item->scalar.is_string() ? ParseRange(item->text) : std::nullopt;
    if (range && range->second - range->first < kMostItems) {
      for (std::uint64_t id = range->first; id <= range->second; ++id) add(std::to_string(id), item->at);
    } else if (item->scalar.is_string() || item->scalar.is_int()) {
      add(item->text, item->at);
    } else {
      faults.Add(item->at, fmt::format("a task id must be text or a whole number, not {}", KindInWords(*item)));
    }
  }
  return tasks;
}

Json SeedsInShort(const std::vector<std::uint64_t>& seeds) {
  bool consecutive = seeds.size() >= 4;
  for (std::size_t i = 1; i < seeds.size(); ++i) consecutive = consecutive && seeds[i] == seeds[i - 1] + 1;
  if (consecutive) return fmt::format("{}..{}", seeds.front(), seeds.back());
  Json list = Json::MakeArray();
  for (const std::uint64_t seed : seeds) list.Append(seed);
  return list;
}

}  // namespace xsweep
