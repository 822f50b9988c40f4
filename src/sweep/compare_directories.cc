// CompareDirectories: two run directories side by side.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/compare_directories.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"
#include "sweep/config_differences.h"

namespace xsweep {
namespace {

constexpr std::string_view kConfig = "config: ";
constexpr std::string_view kAxis = "config: grid.";

struct Section {
  std::string_view prefix;
  PartSide part;
};
constexpr std::array<Section, 6> kSections = {{{"agent.", PartSide::kAgent},
                                               {"models.", PartSide::kAgent},
                                               {"attack.", PartSide::kAttack},
                                               {"defense.", PartSide::kDefense},
                                               {"judge.", PartSide::kJudge},
                                               {"environment.", PartSide::kEnvironment}}};

std::optional<Section> SectionOf(std::string_view path) {
  for (const Section& section : kSections) {
    if (path.starts_with(section.prefix)) return section;
  }
  return std::nullopt;
}

/// "threshold: 200, 300".
void Add(const Section& section, std::string_view path, const FactDifference& fact,
         std::vector<PartDifference>& parts) {
  constexpr std::size_t kMostWords = 160;
  auto part = std::ranges::find(parts, section.part, &PartDifference::part);
  if (part == parts.end()) part = parts.insert(parts.end(), {section.part, {}});
  if (part->words.size() > kMostWords) return;
  part->words += fmt::format("{}{}: {} and {}", part->words.empty() ? "" : "; ", path.substr(section.prefix.size()),
                             Printable(fact.a, 40), Printable(fact.b, 40));
}

}  // namespace

Expected<RunComparison> CompareDirectories(const std::filesystem::path& a, const std::filesystem::path& b,
                                           CompareOptions options) {
  std::vector<FactDifference> facts = ConfigDifferences(a, b);
  for (const FactDifference& fact : facts) {
    std::string_view path = fact.fact;
    if (path.starts_with(kAxis)) continue;  // cells are compared by name, and the name says the value
    if (!path.starts_with(kConfig)) continue;
    path.remove_prefix(kConfig.size());
    if (const auto section = SectionOf(path)) Add(*section, path, fact, options.parts);
  }
  TRY_ASSIGN(RunComparison comparison, CompareRuns(a.string(), b.string(), options));
  std::ranges::move(facts, std::back_inserter(comparison.facts));
  if (comparison.comparable()) {
    TRY_ASSIGN(comparison.corrected, CompareCalibrations(a.string(), b.string()));
  }
  return comparison;
}

}  // namespace xsweep
