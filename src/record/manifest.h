// Manifest: run.json, what is known about a run before its first trial and after its last.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "record/logs/trial.h"

namespace xsweep {

/// The schema number that this program writes; older ones are read, newer ones refused.
inline constexpr int kRunSchema = 1;

struct GitState {
  std::string sha;  ///< empty outside a repository
  std::string branch;
  bool dirty = false;
};

/// What run.json says; empty where an older one does not say it.
template <Worded Enum>
constexpr std::string_view NameOf(const std::optional<Enum>& value) {
  return value ? NameOf(*value) : std::string_view();
}

/// One cell as later readers need it: they know neither parts nor configs.
struct CellRecord {
  std::string id;
  std::string hash;
  Arm arm = Arm::kGrid;
  std::vector<std::pair<std::string, Json>> axes;
  std::string agent, attack, defense, judge;  ///< names of the parts
  std::string dialogues_of{};                 ///< the cell whose dialogues its trials are judged on; empty: its own
};

/// A model that plays a role in some cell.
struct ModelRecord {
  std::string role, provider, model, base_url;
  Json price;  ///< {input, output} in USD per million tokens, as its costs are counted; null: not known
  friend bool operator==(const ModelRecord&, const ModelRecord&) = default;
};

/// What a run is: known before its first trial, and the same after its last. `host`, the timestamp and `argv` say where
/// it came from and never enter a result.
struct RunDesign {
  int schema = kRunSchema;
  std::string run_id;
  std::string timestamp_utc;
  GitState git;
  std::string exp;
  std::string exp_id;  ///< exp and config hash: which experiment exactly
  std::string description;
  std::optional<Mode> mode;
  std::vector<std::uint64_t> seeds;
  std::uint32_t trials = 0;
  std::string dialogues_of;   ///< of a run that judged another's dialogues again: that run's id; empty: its own
  std::uint64_t planned = 0;  ///< cells x tasks x seeds x trials; of an import, its episodes
  std::vector<std::string> tasks;
  std::vector<CellRecord> cells;
  std::string config_hash;
  std::string host_os, host_cpu;
  std::optional<std::string> host_python;
  std::string xsweep_version;
  std::vector<std::string> argv;
  std::string environment_name, environment_version, environment_data_sha256;
  double do_nothing_floor = -1;  ///< share of `tasks` that an agent doing nothing solves; -1: not known
  std::vector<std::string> gates;
  std::vector<ModelRecord> models;  ///< of REAL runs
  std::optional<double> max_error_rate;
  /// Of a run that `xsweep import` made: {format, source, source_sha256, files, notes[], warnings[], ...}; null for
  /// others.
  Json imported;
};

/// How it stands, and what it has found.
struct RunFindings {
  std::string finished_utc;  ///< empty while running
  std::optional<RunStatus> status = RunStatus::kRunning;
  std::map<std::string, std::uint64_t> counts;  ///< by outcome name
  Json headline;  ///< of one cell, see sweep/run_index.h: {cell, n, successes, asr, ...}; null where N/A
  Json budget;    ///< {limits, used, stopped_by}
  std::optional<GateVerdict> verdict;  ///< empty without gates
  double seconds = 0;                  ///< spent running, over all resumes
};

/// Every planned trial has its row, or the budget has said which ones have none.
inline bool Finished(const RunFindings& run) {
  return run.status == RunStatus::kCompleted || run.status == RunStatus::kBudget;
}

/// run.json. Who needs one side of it takes that side.
struct Manifest : RunDesign, RunFindings {
  Json ToJson() const;
  /// Reads older schemas too; fails with kUser for a newer one or for what is no manifest.
  static Expected<Manifest> FromJson(const Json& json, const std::string& where);
};

}  // namespace xsweep
