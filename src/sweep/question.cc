// Question: which question a run asks.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/question.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "record/index.h"
#include "record/logs/layout.h"
#include "sweep/config_differences.h"

namespace xsweep {
namespace {

/// Keys that change how much is run, what it is called or what is kept, but not what is asked.
bool OutsideTheQuestion(std::string_view path) {
  constexpr std::array<std::string_view, 9> kKeys = {"exp",         "exp_id", "description", "seeds",        "trials",
                                                     "transcripts", "gates",  "limits",      "judge_checked"};
  const std::string_view key = path.substr(0, path.find('.'));
  return std::ranges::find(kKeys, key) != kKeys.end();
}

/// The same tasks in another order are the same question.
std::string WithoutOrder(const std::string& path, const std::string& value) {
  if (path != "environment.tasks") return value;
  const auto json = Json::Parse(value);
  if (!json || !json->is_array()) return value;
  std::vector<std::string> tasks;
  for (const Json& task : json->items()) tasks.push_back(task.Dump());
  std::ranges::sort(tasks);
  std::string sorted;
  for (const std::string& task : tasks) sorted += task + ",";
  return sorted;
}

}  // namespace

std::string QuestionOf(const std::filesystem::path& run, const RunDesign& manifest) {
  const auto values = ReadConfigValues(run);
  if (!values) return {};
  std::map<std::string, std::string> asked;
  for (const auto& [path, value] : *values) {
    if (!OutsideTheQuestion(path)) asked[path] = WithoutOrder(path, value);
  }
  std::string text = manifest.git.sha + "\n" + manifest.xsweep_version + "\n" + manifest.environment_data_sha256 + "\n";
  for (const auto& [path, value] : asked) text.append(path).append("=").append(value).append("\n");
  return ShortHash(text);
}

std::int64_t EarlierLooks(const std::filesystem::path& results, const RunDesign& manifest, const std::string& question,
                          const std::string& gate) {
  const auto entries = ReadIndex(results / layout::kIndex);
  if (!entries || question.empty()) return 0;
  // In the order in which runs ended, not in which they began: of eight that are started together each would otherwise
  // be the first look. A run that is judged anew stands where it ended.
  std::int64_t looks = 0;
  for (const IndexEntry& entry : *entries) {
    if (entry["run_id"] == manifest.run_id && entry["exp"] == manifest.exp) break;
    if (entry["question"] != question) continue;
    const auto open = Split(entry["open_gates"], '|');
    looks += std::ranges::find(open, gate) != open.end() ? 1 : 0;
  }
  return looks;
}

}  // namespace xsweep
