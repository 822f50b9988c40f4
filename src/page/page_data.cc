// What the page reads of one run.
// SPDX-License-Identifier: Apache-2.0
#include "page/page_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/numbers.h"
#include "analyze/run_facts.h"
#include "base/escape.h"
#include "base/files.h"
#include "page/page_cells.h"
#include "page/run_list.h"
#include "present/headline.h"
#include "present/replies.h"
#include "record/index.h"
#include "record/logs/layout.h"
#include "record/transcripts/transcript_file.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMaxText = std::uint64_t{4} << 20U;

/// [role, name, in words, replies] of replies that were no answers; of a sealed run, whose rows are each there once.
Json UnansweredForPage(const fs::path& rows) {
  Json kinds = Json::MakeArray();
  const auto counts = CountReplies(rows);
  if (!counts) return kinds;
  for (const auto& [key, count] : counts->unanswered) {
    const UnansweredKind kind = KindOf(key);
    kinds.Append(Json::MakeArray({kind.role, kind.name, kind.words, count}));
  }
  return kinds;
}

bool IsOwn(const fs::path& file, fs::file_type wanted) {
  std::error_code ignored;
  const fs::file_type type = fs::symlink_status(file, ignored).type();
  return type == wanted || type == fs::file_type::not_found;
}

std::unexpected<Error> NotOwn(const fs::path& file) {
  return UserError("is no regular file of this run; links, pipes and devices are not followed", file.string());
}

Json TextOrNull(const fs::path& file) {
  const auto text = ReadOwnFile(file, kMaxText);
  return text ? Json(*text) : Json();
}

Json FilesOf(const fs::path& run) {
  std::vector<std::string> names;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(run, absent)) {
    if (entry.is_regular_file(absent) && !entry.path().filename().string().starts_with('.')) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::ranges::sort(names);
  return Json::MakeArray({names.begin(), names.end()});
}

/// The run before this one of the same experiment, by start; run ids sort by time.
fs::path PreviousRun(const fs::path& run) {
  fs::path previous;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(run.parent_path(), absent)) {
    const fs::path& other = entry.path();
    if (other.filename() == layout::kLatest || other.filename() >= run.filename()) continue;
    if (!fs::is_regular_file(other / layout::kManifest, absent)) continue;
    if (previous.empty() || previous.filename() < other.filename()) previous = other;
  }
  return previous;
}

/// What is needed to say what changed since then, without reading its rows.
Json PreviousForPage(const fs::path& results, const fs::path& run) {
  const fs::path previous = PreviousRun(run);
  if (previous.empty()) return nullptr;
  const auto manifest = ManifestOf(previous);
  if (!manifest) return nullptr;
  Json json = Json::MakeObject({{"path", PathForPage(previous)},
                                {"manifest", manifest->ToJson()},
                                {"config", TextOrNull(previous / layout::kConfig)},
                                {"asr", Json()}});
  const auto index = ReadIndex(results / layout::kIndex);
  if (!index) return json;
  for (const IndexEntry& entry : *index) {
    if (entry["run_id"] != manifest->run_id || entry["exp"] != manifest->exp || entry["asr"].empty()) continue;
    json.Set("asr", Json::MakeArray({entry["asr"], entry["asr_lower95"], entry["asr_upper95"]}));
  }
  return json;
}

/// A run that has only just begun has no row yet, and is shown all the same.
Expected<RunAggregate> AggregateForPage(const fs::path& run) {
  auto aggregate = AggregateRun(run.string());
  if (aggregate || fs::exists(run / layout::kRows)) return aggregate;
  RunAggregate empty;
  TRY_ASSIGN(empty.run, ManifestOf(run));
  if (empty.run.status == RunStatus::kRunning) return empty;
  return aggregate;
}

}  // namespace

std::string HeadlineOf(const RunAggregate& run) {
  std::string words = Headline({run.run, run, {}, {}, Adjustment::kMaxT, {}});
  // The page has the experiment's name as its title.
  const std::string name = CleanText(run.run.exp) + ": ";
  if (words.starts_with(name)) words.erase(0, name.size());
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z') words[0] = static_cast<char>(words[0] - 'a' + 'A');
  const std::int64_t errors = run.total.errors();
  const std::int64_t skipped = run.total.of(Outcome::kSkipped);
  if (errors > 0)
    words += fmt::format(" {} ended in an error and {} in no rate.", Count(errors, "trial", "trials"),
                         errors == 1 ? "is" : "are");
  if (skipped > 0)
    words += fmt::format(" {} skipped because the budget was gone.",
                         skipped == 1 ? "1 trial was" : fmt::format("{} trials were", skipped));
  return words;
}

Status CheckOwnFiles(const fs::path& run) {
  for (const std::string_view name : {layout::kManifest, layout::kConfig, layout::kRows, layout::kTranscripts}) {
    if (!IsOwn(run / name, fs::file_type::regular)) return NotOwn(run / name);
  }
  const fs::path shards = run / layout::kShards;
  if (!IsOwn(shards, fs::file_type::directory)) return NotOwn(shards);
  std::error_code code;
  for (fs::directory_iterator entry(shards, code), end; !code && entry != end; entry.increment(code)) {
    if (!IsOwn(entry->path(), fs::file_type::regular)) return NotOwn(entry->path());
  }
  return {};
}

Expected<Json> RunForPage(const fs::path& results, const fs::path& run) {
  TRY_ASSIGN(const RunAggregate aggregate, AggregateForPage(run));
  const RunFacts facts = FactsOf(aggregate);
  const Rate none;
  TaskNames names;
  Json cells = Json::MakeArray();
  for (const CellAggregate& cell : aggregate.cells) cells.Append(CellForPage(cell, names));
  Json findings = Json::MakeArray();
  for (const Finding& finding : aggregate.findings) findings.Append(finding.message);
  Json defects = Json::MakeArray();
  for (const std::string& defect : aggregate.defects) defects.Append(defect);
  std::size_t kept = 0;
  if (const auto file = TranscriptFile::Open(run / layout::kTranscripts)) kept = file->size();
  return Json::MakeObject(
      {{"path", PathForPage(run)},
       {"manifest", aggregate.run.ToJson()},
       {"headline", HeadlineOf(aggregate)},
       {"rows", aggregate.rows},
       {"sealed", fs::exists(run / layout::kRows)},
       {"total", TallyForPage(aggregate.total)},
       {"asr", RateForPage(facts.worst != nullptr ? facts.worst->asr : none)},
       {"task_success", RateForPage(facts.utility() != nullptr ? facts.utility()->task_success : none)},
       {"error_rate", RateForPage(aggregate.error_rate)},
       {"cells", std::move(cells)},
       {"matrix", MatrixForPage(aggregate)},
       {"tasks", names.Take()},
       {"unanswered", UnansweredForPage(run / layout::kRows)},
       {"findings", std::move(findings)},
       {"defects", std::move(defects)},
       {"transcripts", static_cast<std::int64_t>(kept)},
       {"pack", static_cast<std::int64_t>(kPackTrials)},
       {"files", FilesOf(run)},
       {"config", TextOrNull(run / layout::kConfig)},
       {"notes", TextOrNull(run / layout::kNotes)},
       {"previous", PreviousForPage(results, run)}});
}

std::string JsonInHtml(std::string_view json) {
  std::string safe;
  safe.reserve(json.size() + json.size() / 64);
  std::size_t copied = 0, less = json.find('<'), wide = json.find('\xE2');
  for (;;) {
    const std::size_t at = std::min(less, wide);
    safe.append(json, copied, at - copied);
    if (at == std::string_view::npos) return safe;
    copied = at;
    if (at == less) {
      safe += "\\u003c";
      copied += 1;
      less = json.find('<', copied);
      continue;
    }
    const std::string_view rest = json.substr(at, 3);
    if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") {
      safe += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      copied += 3;
    }
    wide = json.find('\xE2', at + 1);
  }
}

}  // namespace xsweep
