// Trees of AgentDojo's logs.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/agentdojo_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "base/files.h"
#include "base/text.h"
#include "foreign/table.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 12;

/// Defenses by the names that pipelines end in.
constexpr std::string_view kDefenses[] = {"tool_filter",
                                          "transformers_pi_detector",
                                          "piguard_detector",
                                          "prompt_guard_2_detector",
                                          "promptguard_detector",
                                          "pi_detector",
                                          "spotlighting_with_delimiting",
                                          "spotlighting",
                                          "repeat_user_prompt",
                                          "progent",
                                          "drift",
                                          "camel",
                                          "melon",
                                          "datasentinel",
                                          "data_sentinel",
                                          "struq",
                                          "secalign",
                                          "ipiguard",
                                          "task_shield",
                                          "taskshield",
                                          "delimiting",
                                          "sandwich",
                                          "llm_guard",
                                          "llamafirewall",
                                          "alignmentcheck",
                                          "fides",
                                          "cachepruner"};

bool EndsIn(std::string_view name, std::string_view suffix) {
  if (name.size() <= suffix.size() + 1 || !name.ends_with(suffix)) return false;
  const char before = name[name.size() - suffix.size() - 1];
  return before == '-' || before == '+' || before == '_' || before == '.';
}

std::optional<ArmNames> KnownDefense(const std::string& name) {
  std::string_view longest;
  for (const std::string_view defense : kDefenses) {
    if (EndsIn(AsciiLower(name), defense) && defense.size() > longest.size()) longest = defense;
  }
  if (longest.empty()) return std::nullopt;
  return ArmNames{name.substr(0, name.size() - longest.size() - 1), std::string(longest)};
}

/// Directories replace what a path cannot hold, so "a/b" is "a_b" there.
std::string AsDirectory(std::string name) {
  std::ranges::replace(name, '/', '_');
  return name;
}

/// Names of the last five levels of a path, the file's first: injection, attack, task, suite, pipeline.
std::array<std::string_view, 5> Levels(std::string_view path) {
  std::array<std::string_view, 5> levels{};
  for (std::string_view& level : levels) {
    const std::size_t slash = path.rfind('/');
    level = slash == std::string_view::npos ? path : path.substr(slash + 1);
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  levels[0] = levels[0].substr(0, levels[0].rfind('.'));
  return levels;
}

/// Refers to the file.
auto SortKey(const AgentDojoTree::File& file) {
  const std::string_view path = file.path.native();
  const auto [injection, attack, task, suite, pipeline] = Levels(path);
  return std::tuple(std::string_view(file.pipeline), suite, task.starts_with(kAlonePrefix), attack,
                    TrailingNumber(task), task, TrailingNumber(injection), injection, path);
}

/// <pipeline>/<suite>/<task>/<attack>/<file>: the fourth directory above the file.
std::string PipelineOf(const fs::path& path) {
  const auto levels = Levels(path.native());
  return levels[2].find("task") == std::string_view::npos ? std::string() : std::string(levels[4]);
}

/// By their keys, each of which is made once.
void Sort(std::vector<AgentDojoTree::File>& files) {
  // A key takes a path apart; made within the comparison it would be made twenty times for each of a million files.
  if (files.empty()) return;
  using Key = decltype(SortKey(files.front()));
  std::vector<std::pair<Key, std::size_t>> order;
  order.reserve(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) order.emplace_back(SortKey(files[i]), i);
  std::ranges::sort(order);
  std::vector<AgentDojoTree::File> sorted;
  sorted.reserve(order.size());
  for (const auto& [key, place] : order) sorted.push_back(std::move(files[place]));
  files = std::move(sorted);
}

}  // namespace

std::uint32_t TrailingNumber(std::string_view id) {
  std::size_t begin = id.size();
  while (begin > 0 && id[begin - 1] >= '0' && id[begin - 1] <= '9') --begin;
  const auto number = ParseUnsigned(id.substr(begin));
  return number && *number < 1'000'000 ? static_cast<std::uint32_t>(*number) : 1'000'000;
}

Expected<AgentDojoTree> FindAgentDojoLogs(const fs::path& root) {
  AgentDojoTree tree;
  std::error_code failure;
  const fs::path real = fs::canonical(root, failure);
  if (failure) return UserError("is not there, or is a link that leads nowhere", root.string());
  if (fs::is_regular_file(real, failure)) {
    tree.files.push_back({real, PipelineOf(real)});
    return tree;
  }
  constexpr std::uint64_t kMostFiles = 5'000'000;
  auto walk = fs::recursive_directory_iterator(real, fs::directory_options::skip_permission_denied, failure);
  if (failure) return UserError("cannot be read: " + failure.message(), root.string());
  for (const auto end = fs::recursive_directory_iterator(); walk != end && !failure; walk.increment(failure)) {
    const fs::directory_entry& entry = *walk;
    if (entry.is_symlink(failure)) {
      ++tree.links;
      walk.disable_recursion_pending();
    } else if (entry.is_directory(failure)) {
      if (walk.depth() < kDeepest) continue;
      ++tree.deep;
      walk.disable_recursion_pending();
    } else if (entry.is_regular_file(failure) && entry.path().extension() == ".json") {
      tree.files.push_back({entry.path(), PipelineOf(entry.path())});
      if (tree.files.size() > kMostFiles)
        return UserError(fmt::format("holds more than {} logs; import its parts", WithThousands(kMostFiles)),
                         root.string());
    } else {
      ++tree.others;
    }
  }
  if (failure) return UserError("cannot be read: " + failure.message(), root.string());
  Sort(tree.files);
  return tree;
}

Status ArmReader::ReadMap(const std::string& file) {
  TRY_ASSIGN(const auto text, ReadFile(file));
  TRY_ASSIGN(const CsvTable table, CsvTable::Read(text, file));
  TRY_ASSIGN(const std::size_t directory, table.Column("directory"));
  TRY_ASSIGN(const std::size_t model, table.Column("model"));
  TRY_ASSIGN(const std::size_t defense, table.Column("defense"));
  for (const auto& row : table.rows)
    given_[row[directory]] = {row[model], row[defense].empty() ? "none" : row[defense]};
  return {};
}

void ArmReader::Add(const std::string& directory, const std::string& pipeline_name) {
  pipelines_.emplace(directory, pipeline_name);
}

ArmNames ArmReader::Name(const std::string& directory) const {
  if (const auto given = given_.find(directory); given != given_.end()) return given->second;
  if (const auto known = KnownDefense(directory)) return *known;
  const auto own = pipelines_.find(directory);
  const std::string pipeline = own == pipelines_.end() ? "" : AsDirectory(own->second);
  // A pipeline named otherwise than its directory: a defense of its name ("model+camel") is this directory's too.
  if (const auto known = KnownDefense(pipeline)) return {directory, known->defense};
  // "base-something" beside "base", both of pipelines called "base": the rest is a defense that only the directory
  // says.
  std::string_view longest;
  for (const auto& [other, name] : pipelines_) {
    if (other == directory || !directory.starts_with(other + "-") || other.size() <= longest.size()) continue;
    if (AsDirectory(name) == pipeline) longest = other;
  }
  if (!longest.empty()) return {std::string(longest), directory.substr(longest.size() + 1)};
  return {directory, "none"};
}

}  // namespace xsweep
