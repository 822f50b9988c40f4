// Compare: two runs side by side, cell by cell.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "analyze/comparison/trial_table.h"

namespace xsweep {
namespace {

/// One judged the dialogues of the other again, or both those of a third.
bool SameDialogues(const Manifest& a, const Manifest& b) {
  const auto held_by = [](const Manifest& run) { return run.dialogues_of.empty() ? run.run_id : run.dialogues_of; };
  const bool again = !a.dialogues_of.empty() || !b.dialogues_of.empty();
  return again && held_by(a) == held_by(b) && a.exp == b.exp;
}

void NoteFacts(RunComparison& out) {
  const auto note = [&](const char* fact, std::string_view a, std::string_view b) {
    if (a != b) out.facts.push_back({fact, std::string(a.empty() ? "-" : a), std::string(b.empty() ? "-" : b)});
  };
  const Manifest& a = out.a;
  const Manifest& b = out.b;
  note("experiment", a.exp, b.exp);
  note("mode", NameOf(a.mode), NameOf(b.mode));
  note("config hash", a.config_hash, b.config_hash);
  note("git commit", a.git.sha, b.git.sha);
  note("git branch", a.git.branch, b.git.branch);
  note("uncommitted changes", a.git.dirty ? "yes" : "no", b.git.dirty ? "yes" : "no");
  note("seeds", fmt::format("{}", fmt::join(a.seeds, " ")), fmt::format("{}", fmt::join(b.seeds, " ")));
  note("trials per task and seed", std::to_string(a.trials), std::to_string(b.trials));
  note("environment", a.environment_name, b.environment_name);
  note("environment version", a.environment_version, b.environment_version);
  note("environment data", a.environment_data_sha256, b.environment_data_sha256);
  note("xsweep version", a.xsweep_version, b.xsweep_version);
  note("status", NameOf(a.status), NameOf(b.status));
}

bool Succeeded(const TrialOutcome& trial) { return trial.outcome == Outcome::kAttackSucceeded; }

void NoteDiscordant(std::span<const TrialOutcome> a, std::span<const TrialOutcome> b, const SharedNames& names,
                    std::size_t limit, RunComparison& out) {
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const auto order = a[i].key <=> b[j].key;
    // Outcomes up to kNotExposed are those of attacks; errors and benign rows pair with nothing.
    if (order == 0 && a[i].outcome <= Outcome::kNotExposed && b[j].outcome <= Outcome::kNotExposed &&
        Succeeded(a[i]) != Succeeded(b[j])) {
      ++out.discordant_total;
      if (out.discordant.size() < limit) {
        const TrialKey& key = a[i].key;
        out.discordant.push_back({names.cells.names()[key.cell], names.tasks.names()[key.task], key.seed, key.trial,
                                  a[i].outcome, b[j].outcome});
      }
    }
    i += order <= 0 ? 1 : 0;
    j += order >= 0 ? 1 : 0;
  }
}

const PartDifference* FindPart(const CompareOptions& options, PartSide part) {
  const auto found = std::ranges::find(options.parts, part, &PartDifference::part);
  return found == options.parts.end() ? nullptr : &*found;
}

/// "(threshold: 200, 300)"; empty where the configs say nothing.
std::string PartWords(const CompareOptions& options, PartSide part) {
  const PartDifference* found = FindPart(options, part);
  return found == nullptr || found->words.empty() ? std::string() : fmt::format(" ({})", found->words);
}

/// Whether the rows of common cells name other hashes; empty where they do not tell.
template <class Hashes>
std::optional<bool> OtherHashes(const TrialTable& a, const TrialTable& b, const std::vector<std::uint32_t>& common,
                                Hashes CellHashes::* hashes) {
  std::optional<bool> other;
  for (const std::uint32_t cell : common) {
    const auto of_a = a.cell_hashes.find(cell), of_b = b.cell_hashes.find(cell);
    if (of_a == a.cell_hashes.end() || of_b == b.cell_hashes.end()) continue;
    const auto &in_a = of_a->second.*hashes, &in_b = of_b->second.*hashes;
    if (!in_a.empty() && !in_b.empty()) other = other.value_or(false) || in_a != in_b;
  }
  return other;
}

/// Trials of one cell, task, seed and number whose payload is another; empty where no such pair names its payload.
std::optional<std::int64_t> OtherPayloads(const TrialTable& a, const TrialTable& b) {
  std::int64_t pairs = 0, other = 0;
  for (std::size_t i = 0, j = 0; i < a.trials.size() && j < b.trials.size();) {
    const auto order = a.trials[i].key <=> b.trials[j].key;
    if (order == 0 && a.trials[i].payload != 0 && b.trials[j].payload != 0) {
      ++pairs;
      other += a.trials[i].payload != b.trials[j].payload ? 1 : 0;
    }
    i += order <= 0 ? 1 : 0;
    j += order >= 0 ? 1 : 0;
  }
  return pairs == 0 ? std::nullopt : std::optional(other);
}

void NoteJudge(const TrialTable& a, const TrialTable& b, const std::vector<std::uint32_t>& common,
               const CompareOptions& options, RunComparison& out) {
  const auto rows_say = OtherHashes(a, b, common, &CellHashes::judges);
  if (!rows_say.value_or(FindPart(options, PartSide::kJudge) != nullptr)) return;
  // As a fact too: with equal configs and no other fact, the comparison would say that nothing differs.
  out.facts.push_back({"judge", "one", "another"});
  if (out.same_dialogues) {
    out.obstacles.push_back({ObstacleKind::kJudge, false,
                             fmt::format("the judge differs{} over the same dialogues: a difference in attack success "
                                         "is the judges', not the agent's",
                                         PartWords(options, PartSide::kJudge))});
    return;
  }
  out.obstacles.push_back(
      {ObstacleKind::kJudge, true,
       fmt::format("the judge differs{}: attack success means something else in each run, so it is not compared; "
                   "`xsweep rejudge` gives both runs one judge",
                   PartWords(options, PartSide::kJudge))});
}

void NoteAttack(const TrialTable& a, const TrialTable& b, const CompareOptions& options, RunComparison& out) {
  const auto payloads = OtherPayloads(a, b);
  const bool configured = FindPart(options, PartSide::kAttack) != nullptr;
  if (!configured && payloads.value_or(0) == 0) return;
  const std::string what = configured ? "the attack differs" : "the payloads of the attack differ";
  if (!configured) out.facts.push_back({"payloads", "one", fmt::format("another in {} trials", *payloads)});
  out.obstacles.push_back({ObstacleKind::kAttack, false,
                           fmt::format("{}{}: this compares attacks, not what stands against them", what,
                                       PartWords(options, PartSide::kAttack))});
}

void NoteDefense(const TrialTable& a, const TrialTable& b, const std::vector<std::uint32_t>& common,
                 const CompareOptions& options, RunComparison& out) {
  const auto rows_say = OtherHashes(a, b, common, &CellHashes::policies);
  const bool configured = FindPart(options, PartSide::kDefense) != nullptr;
  if (!rows_say.value_or(configured)) return;
  if (!configured) out.facts.push_back({"policy or defense", "one", "another"});
  out.obstacles.push_back({ObstacleKind::kDefense, false,
                           fmt::format("the defense or the policy differs{}: a difference may be theirs rather than "
                                       "the agent's",
                                       PartWords(options, PartSide::kDefense))});
}

Difference NotCompared(const Difference& difference) {
  Difference out;
  out.measure = difference.measure;
  out.a = difference.a;
  out.b = difference.b;
  return out;
}

void CompareCommonCells(const TrialTable& a, const TrialTable& b, const std::vector<std::uint32_t>& common,
                        const SharedNames& names, const CompareOptions& options, RunComparison& out) {
  const bool attacks = out.attacks_comparable();
  for (const std::uint32_t cell : common) {
    const auto of_a = CellOf(a, cell);
    const auto of_b = CellOf(b, cell);
    const Difference asr = CompareTrials(Measure::kAsr, of_a, of_b, out.same_dialogues);
    out.cells.push_back({names.cells.names()[cell], attacks ? asr : NotCompared(asr),
                         CompareTrials(Measure::kTaskSuccess, of_a, of_b, out.same_dialogues)});
    if (attacks) NoteDiscordant(of_a, of_b, names, options.max_discordant, out);
  }
  // A second walk, as these point into `out.cells`, which must not grow any more.
  std::vector<Difference*> asr, task_success;
  for (CellComparison& cell : out.cells) {
    asr.push_back(&cell.asr);
    task_success.push_back(&cell.task_success);
  }
  AdjustAndJudge(asr, options.adjustment);
  AdjustAndJudge(task_success, options.adjustment);
  if (!options.detectable) return;
  FindDetectable(asr);
  FindDetectable(task_success);
}

}  // namespace

bool RunComparison::comparable() const {
  // Another judge spoils attack success only; task success is the environment's word.
  return std::ranges::none_of(
      obstacles, [](const Obstacle& obstacle) { return obstacle.fatal && obstacle.kind != ObstacleKind::kJudge; });
}

bool RunComparison::attacks_comparable() const {
  const Obstacle* judge = Find(ObstacleKind::kJudge);
  return judge == nullptr || !judge->fatal;
}

const Obstacle* RunComparison::Find(ObstacleKind kind) const {
  const auto found = std::ranges::find(obstacles, kind, &Obstacle::kind);
  return found == obstacles.end() ? nullptr : &*found;
}

Expected<RunComparison> CompareRuns(const std::string& directory_a, const std::string& directory_b,
                                    const CompareOptions& options) {
  SharedNames names;
  TRY_ASSIGN(TrialTable a, ReadTrialTable(directory_a, names, options.read));
  TRY_ASSIGN(TrialTable b, ReadTrialTable(directory_b, names, options.read));
  RunComparison out;
  // Before the runs are moved out of the tables, which the faults are found by.
  NoteSideFaults("first", a, options.accept_invalid, out.obstacles);
  NoteSideFaults("second", b, options.accept_invalid, out.obstacles);
  out.a = std::move(a.run);
  out.b = std::move(b.run);
  out.adjustment = options.adjustment;
  out.findings = std::move(a.findings);
  std::ranges::move(b.findings, std::back_inserter(out.findings));
  out.same_dialogues = SameDialogues(out.a, out.b);
  NoteFacts(out);
  NoteRunObstacles(out.a, out.b, out.obstacles);
  NoteTaskObstacles(a, b, names, out.obstacles);
  std::vector<std::uint32_t> common;
  for (std::uint32_t cell = 0; cell < names.cells.names().size(); ++cell) {
    const bool in_a = !CellOf(a, cell).empty();
    const bool in_b = !CellOf(b, cell).empty();
    if (in_a && in_b) common.push_back(cell);
    if (in_a && !in_b) out.only_in_a.push_back(names.cells.names()[cell]);
    if (in_b && !in_a) out.only_in_b.push_back(names.cells.names()[cell]);
  }
  NoteCellObstacles(common.size(), out.only_in_a.size(), out.only_in_b.size(), out.obstacles);
  NoteJudge(a, b, common, options, out);
  // Of dialogues that were held once nothing but the judge can differ, whatever newer configs spell out.
  if (!out.same_dialogues) NoteAttack(a, b, options, out);
  if (!out.same_dialogues) NoteDefense(a, b, common, options, out);
  NoteUncountedTrials(a, b, common, out.obstacles);
  if (out.comparable()) CompareCommonCells(a, b, common, names, options, out);
  return out;
}

}  // namespace xsweep
