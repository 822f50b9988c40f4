// RunIndex: what the index says of a run.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/run_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "analyze/run_facts.h"
#include "base/system/terminal.h"
#include "record/logs/layout.h"
#include "record/run_directory.h"
#include "record/run_id.h"

namespace xsweep {

Json HeadlineFacts(const RunAggregate& aggregate) {
  const RunFacts facts = FactsOf(aggregate);
  const auto or_null = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  const auto low = [&](const Rate& rate) { return rate.n > 0 ? Json(rate.bounds95()->low) : Json(); };
  const auto high = [&](const Rate& rate) { return rate.n > 0 ? Json(rate.bounds95()->high) : Json(); };
  const Rate none;
  const Rate& asr = facts.worst != nullptr ? facts.worst->asr : none;
  const Rate& control = facts.control != nullptr ? facts.control->asr : none;
  const Rate& utility = facts.utility() != nullptr ? facts.utility()->task_success : none;
  return Json::MakeObject({{"cell", facts.worst != nullptr ? Json(facts.worst->id) : Json()},
                           {"n", asr.n},
                           {"successes", asr.successes},
                           {"asr", or_null(asr.value())},
                           {"asr_lower95", low(asr)},
                           {"asr_upper95", high(asr)},
                           {"asr_worst_defended", facts.defended ? or_null(asr.value()) : Json()},
                           {"control_cell", facts.control != nullptr ? Json(facts.control->id) : Json()},
                           {"asr_control", or_null(control.value())},
                           {"task_success", or_null(utility.value())},
                           {"task_success_lower95", low(utility)},
                           {"task_success_upper95", high(utility)}});
}

IndexEntry IndexLine(const std::filesystem::path& run, const Manifest& manifest) {
  const auto number = [&](std::string_view key) {
    const Json* value = manifest.headline.Find(key);
    return value != nullptr && value->is_number() ? fmt::format("{:.10g}", value->AsDouble()) : std::string();
  };
  const auto count = [&](std::string_view outcome) {
    const auto found = manifest.counts.find(std::string(outcome));
    return std::to_string(found == manifest.counts.end() ? 0 : found->second);
  };
  IndexEntry entry;
  const auto set = [&](std::string_view column, std::string_view value) { entry.values.emplace(column, value); };
  set("run_id", manifest.run_id);
  set("exp", manifest.exp);
  set("exp_id", manifest.exp_id);
  set("timestamp_utc", manifest.timestamp_utc);
  set("git_sha", manifest.git.sha);
  set("mode", NameOf(manifest.mode));
  set("seeds", manifest.seeds.empty() ? "" : SeedsLabel(manifest.seeds).substr(1));
  set("trials", std::to_string(manifest.trials));
  set("config_hash", manifest.config_hash);
  set("n", std::to_string(manifest.headline.IntOr("n", 0)));
  set("successes", std::to_string(manifest.headline.IntOr("successes", 0)));
  set("asr", number("asr"));
  set("asr_lower95", number("asr_lower95"));
  set("asr_upper95", number("asr_upper95"));
  set("errors", count("error"));
  set("skipped", count("skipped"));
  set("status", NameOf(manifest.status));
  set("verdict", NameOf(manifest.verdict));
  set("path", manifest.exp + "/" + run.filename().string());
  for (const std::string_view text : {"cell", "control_cell", "question", "open_gates"}) {
    set(text, std::string(manifest.headline.StringOr(text, "")));
  }
  for (const std::string_view rate :
       {"asr_worst_defended", "asr_control", "task_success", "task_success_lower95", "task_success_upper95"}) {
    set(rate, number(rate));
  }
  return entry;
}

Status RebuildIndex(const std::filesystem::path& results) {
  struct Ended {
    std::string at;
    IndexEntry entry;
  };
  std::vector<Ended> ended;
  for (const std::filesystem::path& path : AllRuns(results)) {
    TRY_ASSIGN(const auto run, RunDirectory::Open(RealDisk(), path));
    const auto manifest = run.ReadManifest();
    // A directory that cannot be read is no reason to lose the others.
    if (!manifest) PrintNote("note: left out: " + manifest.error().Text());
    if (!manifest || manifest->finished_utc.empty()) continue;
    ended.push_back({manifest->finished_utc, IndexLine(path, *manifest)});
  }
  // As they were appended: the looks at a question are counted in this order.
  std::ranges::stable_sort(
      ended, {}, [](const Ended& run) { return std::pair(std::string_view(run.at), run.entry["timestamp_utc"]); });
  std::vector<IndexEntry> entries;
  entries.reserve(ended.size());
  for (Ended& run : ended) entries.push_back(std::move(run.entry));
  return RewriteIndex(RealDisk(), results / layout::kIndex, entries);
}

std::vector<IndexEntry> UnfinishedRuns(const std::filesystem::path& results, const std::vector<IndexEntry>& known) {
  std::vector<IndexEntry> entries;
  std::unordered_set<std::string> finished;
  for (const IndexEntry& entry : known) finished.emplace(entry["path"]);
  for (const std::filesystem::path& path : AllRuns(results)) {
    if (finished.contains((path.parent_path().filename() / path.filename()).generic_string())) continue;
    const auto run = RunDirectory::Open(RealDisk(), path);
    if (!run) continue;
    const auto manifest = run->ReadManifest();
    if (!manifest) PrintNote("note: left out: " + manifest.error().Text());
    if (manifest && manifest->finished_utc.empty()) entries.push_back(IndexLine(path, *manifest));
  }
  std::ranges::stable_sort(entries, {}, [](const IndexEntry& entry) { return entry["timestamp_utc"]; });
  return entries;
}

}  // namespace xsweep
