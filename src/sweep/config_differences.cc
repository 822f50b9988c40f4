// ConfigDifferences: the values in which the configs of two runs differ, by path.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/config_differences.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "config/yaml_tree.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

using Values = ConfigValues;

void Flatten(const std::string& path, const MarkedValue& node, Values& values) {
  if (!node.is_map()) {
    values.emplace_back(path, ToJson(node).Dump());
    return;
  }
  for (const MarkedEntry& entry : node.entries)
    Flatten(path.empty() ? entry.key : path + "." + entry.key, entry.value, values);
}

std::string ValueAt(const Values& values, const std::string& path) {
  const auto found = std::ranges::find(values, path, &std::pair<std::string, std::string>::first);
  return found == values.end() ? std::string() : found->second;
}

bool SaidByTheRun(const std::string& path) {
  constexpr std::array<std::string_view, 4> kSaid = {"exp", "mode", "seeds", "trials"};
  return std::ranges::find(kSaid, path) != kSaid.end();
}

}  // namespace

std::optional<ConfigValues> ReadConfigValues(const std::filesystem::path& run) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{4} << 20U;
  const auto text = ReadOwnFile(run / layout::kConfig, kMostBytes);
  if (!text) return std::nullopt;
  Faults faults((run / layout::kConfig).string());
  const auto root = ParseYaml(*text, 0, faults);
  if (!root || !faults.empty()) return std::nullopt;
  Values values;
  Flatten("", *root, values);
  return values;
}

std::vector<FactDifference> ConfigDifferences(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto of_a = ReadConfigValues(a);
  const auto of_b = ReadConfigValues(b);
  if (!of_a || !of_b) return {{"config", of_a ? "read" : "cannot be read", of_b ? "read" : "cannot be read"}};
  std::vector<FactDifference> facts;
  const auto note = [&](const std::string& path) {
    std::string value_a = ValueAt(*of_a, path);
    std::string value_b = ValueAt(*of_b, path);
    if (value_a == value_b || SaidByTheRun(path)) return;
    facts.push_back({"config: " + path, value_a.empty() ? "-" : value_a, value_b.empty() ? "-" : value_b});
  };
  for (const auto& [path, value] : *of_a) note(path);
  for (const auto& [path, value] : *of_b) {
    if (ValueAt(*of_a, path).empty()) note(path);
  }
  return facts;
}

}  // namespace xsweep
