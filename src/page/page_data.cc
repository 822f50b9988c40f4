// What the page reads: the list of runs and one run.
// SPDX-License-Identifier: Apache-2.0
#include "page/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "analyze/compare.h"
#include "analyze/grid.h"
#include "analyze/numbers.h"
#include "analyze/run_facts.h"
#include "base/escape.h"
#include "base/files.h"
#include "pictures/chart.h"
#include "present/notes.h"
#include "present/replies.h"
#include "record/index.h"
#include "record/layout.h"
#include "record/run_directory.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMaxText = std::uint64_t{4} << 20U;
/// Last in every line of the list, wherever index.csv has it: published sites find their runs by it.
constexpr std::string_view kPathColumn = "path";

std::string PathOf(const fs::path& run) {
  return run.parent_path().filename().string() + "/" + run.filename().string();
}

Expected<Manifest> ManifestOf(const fs::path& run) {
  TRY_ASSIGN(const RunDirectory directory, RunDirectory::Open(RealDisk(), run));
  return directory.ReadManifest();
}

Json RowOf(const IndexEntry& entry, const std::string& path) {
  std::vector<Json> row;
  for (const std::string_view column : kIndexColumns) {
    if (column != kPathColumn) row.emplace_back(entry[column]);
  }
  row.emplace_back(path);
  return Json::MakeArray(std::move(row));
}

/// A line for a run that has none in the index yet.
IndexEntry EntryFrom(const Manifest& run) {
  IndexEntry entry;
  const auto count = [&](std::string_view name) {
    const auto found = run.counts.find(std::string(name));
    return found == run.counts.end() ? std::string("0") : std::to_string(found->second);
  };
  entry.values = {{"run_id", run.run_id},
                  {"exp", run.exp},
                  {"exp_id", run.exp_id},
                  {"timestamp_utc", run.timestamp_utc},
                  {"git_sha", run.git.sha},
                  {"mode", std::string(NameOf(run.mode))},
                  {"seeds", fmt::format("{}", fmt::join(run.seeds, " "))},
                  {"trials", std::to_string(run.trials)},
                  {"config_hash", run.config_hash},
                  {"errors", count("error")},
                  {"skipped", count("skipped")},
                  {"status", std::string(NameOf(run.status))},
                  {"verdict", std::string(NameOf(run.verdict))}};
  return entry;
}

Json BoundsOf(const std::optional<stats::Interval>& bounds, bool low) {
  if (!bounds) return nullptr;
  return low ? bounds->low : bounds->high;
}

Json TallyForPage(const Tally& tally) {
  Json outcomes = Json::MakeObject();
  for (const Outcome outcome : kEvery<Outcome>) outcomes.Set(NameOf(outcome), tally.of(outcome));
  return Json::MakeObject({{"trials", tally.trials()},
                           {"outcomes", std::move(outcomes)},
                           {"exposed", tally.exposed},
                           {"attempted", tally.attempted},
                           {"attempts", tally.attempts},
                           {"executions", tally.executions},
                           {"blocks", tally.blocks},
                           {"turns", tally.turns},
                           {"tool_calls", tally.tool_calls},
                           {"queries", tally.queries},
                           {"calls", tally.calls},
                           {"prompt_tokens", tally.prompt_tokens},
                           {"completion_tokens", tally.completion_tokens},
                           {"cost_usd", static_cast<double>(tally.cost_nano_usd) / 1e9},
                           {"unknown_cost", tally.unknown_cost}});
}

template <class Number>
Json OrNull(const std::optional<Number>& value) {
  return value ? Json(*value) : Json();
}

/// Task names are long and repeat in every cell, so a task is a number into the run's list of tasks.
class TaskNames {
 public:
  std::int64_t Number(const std::string& task) {
    const auto [place, fresh] = numbers_.try_emplace(task, static_cast<std::int64_t>(names_.size()));
    if (fresh) names_.emplace_back(task);
    return place->second;
  }
  Json Take() { return Json::MakeArray(std::move(names_)); }

 private:
  std::unordered_map<std::string, std::int64_t> numbers_;
  std::vector<Json> names_;
};

Json SeedsForPage(const CellAggregate& cell) {
  Json seeds = Json::MakeArray();
  for (const SeedAggregate& seed : cell.seeds) {
    seeds.Append(Json::MakeObject({{"seed", Json(std::to_string(seed.seed))},
                                   {"trials", seed.tally.trials()},
                                   {"errors", seed.tally.errors()},
                                   {"asr", RateForPage(seed.asr)},
                                   {"asr_exposed", RateForPage(seed.asr_exposed)},
                                   {"task_success", RateForPage(seed.task_success)}}));
  }
  return seeds;
}

/// [task, asr k, asr n, asr low, asr high, task_success k, task_success n]
Json TasksForPage(const CellAggregate& cell, TaskNames& names) {
  Json tasks = Json::MakeArray();
  for (const TaskAggregate& task : cell.tasks) {
    const auto bounds = task.asr.bounds95();
    tasks.Append(Json::MakeArray({names.Number(task.task), task.asr.successes, task.asr.n, BoundsOf(bounds, true),
                                  BoundsOf(bounds, false), task.task_success.successes, task.task_success.n}));
  }
  return tasks;
}

Json CellForPage(const CellAggregate& cell, TaskNames& names) {
  Json axes = Json::MakeArray();
  for (const auto& [path, value] : cell.axes) axes.Append(Json::MakeArray({path, value, AxisLabel(path)}));
  Json powers = Json::MakeArray();
  for (const PassPowerK& power : cell.pass_k) {
    powers.Append(
        Json::MakeArray({power.k, power.value, BoundsOf(power.bounds95, true), BoundsOf(power.bounds95, false)}));
  }
  return Json::MakeObject({{"id", cell.id},
                           {"label", CellLabel(cell)},
                           {"arm", NameOf(cell.arm)},
                           {"attack", cell.attack},
                           {"defense", cell.defense},
                           {"axes", std::move(axes)},
                           {"tally", TallyForPage(cell.tally)},
                           {"asr", RateForPage(cell.asr)},
                           {"asr_exposed", RateForPage(cell.asr_exposed)},
                           {"task_success", RateForPage(cell.task_success)},
                           {"error_rate", RateForPage(cell.error_rate)},
                           {"flip_rate", OrNull(cell.repeats.flip_rate)},
                           {"icc", OrNull(cell.repeats.icc)},
                           {"pass_k", std::move(powers)},
                           {"seeds", SeedsForPage(cell)},
                           {"tasks", TasksForPage(cell, names)}});
}

Json SquareForPage(const std::optional<MatrixSquare>& square) {
  if (!square) return nullptr;
  return Json::MakeObject({{"cell", square->cell},
                           {"asr", RateForPage(square->asr)},
                           {"asr_exposed", RateForPage(square->asr_exposed)},
                           {"task_success", RateForPage(square->task_success)}});
}

/// Attacks against defenses as attack_defense.png has them; null where there is one of each.
Json MatrixForPage(const RunAggregate& run) {
  const DefenseMatrix matrix = MakeDefenseMatrix(run);
  if (matrix.defenses.size() < 2 && matrix.attacks.size() < 2) return nullptr;
  Json rows = Json::MakeArray();
  for (std::size_t i = 0; i < matrix.defenses.size(); ++i) {
    Json squares = Json::MakeArray();
    for (const auto& square : matrix.squares[i]) squares.Append(SquareForPage(square));
    rows.Append(Json::MakeObject(
        {{"defense", matrix.defenses[i]},
         {"squares", std::move(squares)},
         // None is the worst of equals.
         {"worst",
          matrix.worst_attacks[i].size() == 1 ? Json(static_cast<std::int64_t>(matrix.worst_attacks[i][0])) : Json()},
         {"utility", RateForPage(matrix.utility[i])},
         {"utility_without_attack", static_cast<bool>(matrix.utility_without_attack[i])}}));
  }
  return Json::MakeObject(
      {{"attacks", Json::MakeArray({matrix.attacks.begin(), matrix.attacks.end()})}, {"rows", std::move(rows)}});
}

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
  Json json = Json::MakeObject({{"path", PathOf(previous)},
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

Json DifferenceForPage(const std::string& cell, const Difference& difference) {
  return Json::MakeObject({{"cell", cell},
                           {"measure", MeasureName(difference.measure)},
                           {"a", RateForPage(difference.a)},
                           {"b", RateForPage(difference.b)},
                           {"difference", OrNull(difference.difference)},
                           {"low", BoundsOf(difference.bounds95, true)},
                           {"high", BoundsOf(difference.bounds95, false)},
                           {"p", OrNull(difference.p)},
                           {"p_adjusted", OrNull(difference.adjusted_p)},
                           {"pairs", difference.pairs},
                           {"only_a", difference.only_a},
                           {"only_b", difference.only_b},
                           {"detectable", OrNull(difference.detectable)},
                           {"verdict", JudgementWords(difference.judgement)},
                           {"method", PairingWords(difference.pairing)}});
}

std::string VerdictWords(const RunComparison& comparison) {
  std::map<Judgement, std::size_t> cells;
  for (const CellComparison& cell : comparison.cells) ++cells[cell.asr.judgement];
  const std::size_t comparable = comparison.cells.size() - cells[Judgement::kNotComparable];
  return fmt::format(
      "On attack success, B is better than A in {} of {} attacked cells, worse in {}, and not distinguishable in {}.",
      cells[Judgement::kBetter], comparable, cells[Judgement::kWorse], cells[Judgement::kNotDistinguishable]);
}

}  // namespace

Expected<Json> RunsForPage(const fs::path& results) {
  TRY_ASSIGN(const auto index, ReadIndex(results / layout::kIndex));
  Json columns = Json::MakeArray();
  for (const std::string_view column : kIndexColumns) {
    if (column != kPathColumn) columns.Append(column);
  }
  columns.Append(kPathColumn);
  std::vector<Json> rows;
  std::unordered_set<std::string> known;
  for (const IndexEntry& entry : index) {
    std::string path =
        entry["exp"] + "/" + fs::path(entry["path"].empty() ? entry["run_id"] : entry["path"]).filename().string();
    rows.push_back(RowOf(entry, path));
    known.insert(std::move(path));
  }
  for (const fs::path& run : AllRuns(results)) {
    std::string path = PathOf(run);
    if (known.contains(path)) continue;
    if (const auto manifest = ManifestOf(run); manifest) rows.push_back(RowOf(EntryFrom(*manifest), path));
  }
  return Json::MakeObject({{"columns", std::move(columns)}, {"rows", Json::MakeArray(std::move(rows))}});
}

Json RateForPage(const Rate& rate) {
  const auto bounds = rate.bounds95();
  return Json::MakeObject({{"k", rate.successes},
                           {"n", rate.n},
                           {"value", OrNull(rate.value())},
                           {"low", BoundsOf(bounds, true)},
                           {"high", BoundsOf(bounds, false)},
                           {"basis", BasisWords(rate.basis())}});
}

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

Expected<Json> ComparisonForPage(const fs::path& a, const fs::path& b) {
  TRY_ASSIGN(const RunComparison comparison, CompareRuns(a.string(), b.string()));
  Json words = Json::MakeArray();
  if (!comparison.cells.empty()) words.Append(VerdictWords(comparison));
  for (const Obstacle& obstacle : comparison.obstacles) words.Append(obstacle.message);
  Json facts = Json::MakeArray();
  for (const FactDifference& fact : comparison.facts) facts.Append(Json::MakeArray({fact.fact, fact.a, fact.b}));
  Json cells = Json::MakeArray();
  for (const CellComparison& cell : comparison.cells) cells.Append(DifferenceForPage(cell.cell, cell.asr));
  for (const CellComparison& cell : comparison.cells) cells.Append(DifferenceForPage(cell.cell, cell.task_success));
  return Json::MakeObject({{"words", std::move(words)},
                           {"facts", std::move(facts)},
                           {"adjustment", AdjustmentName(comparison.adjustment)},
                           {"cells", std::move(cells)}});
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
  std::size_t kept = 0;
  if (const auto file = TranscriptFile::Open(run / layout::kTranscripts)) kept = file->size();
  return Json::MakeObject(
      {{"path", PathOf(run)},
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
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = json.substr(i);
    if (json[i] == '<') {
      safe += "\\u003c";
    } else if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
      safe += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += json[i];
    }
  }
  return safe;
}

}  // namespace xsweep
