// summary.csv: a run's rates, one line per cell and seed and one per cell over all seeds.
// SPDX-License-Identifier: Apache-2.0
#include "present/tables.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "analyze/numbers.h"
#include "record/index.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

/// A line under construction: names and fields grow together, so the header cannot drift from the rows.
class Line {
 public:
  void Add(std::string_view name, std::string_view field) {
    const std::string_view comma = names_.empty() ? "" : ",";
    names_.append(comma).append(CsvField(name));
    fields_.append(comma).append(CsvField(field));
  }
  void Add(std::string_view name, std::int64_t value) { Add(name, std::to_string(value)); }
  void Add(std::string_view name, std::optional<double> value) { Add(name, CsvNumber(value)); }
  const std::string& names() const { return names_; }
  const std::string& fields() const { return fields_; }

 private:
  std::string names_;
  std::string fields_;
};

/// What one line shows: a cell, or one seed of it.
struct Slice {
  const CellAggregate& cell;
  std::string seeds;
  const Tally& tally;
  const Rate& asr;
  const Rate& asr_exposed;
  const Rate& task_success;
};

std::optional<double> Low(const std::optional<stats::Interval>& interval) {
  return interval ? std::optional(interval->low) : std::nullopt;
}
std::optional<double> High(const std::optional<stats::Interval>& interval) {
  return interval ? std::optional(interval->high) : std::nullopt;
}

/// An absolute path says more about a host than about a run.
std::string ConfigName(const RunDesign& manifest) {
  for (const std::string& argument : manifest.argv) {
    if (!argument.ends_with(".yaml") && !argument.ends_with(".yml")) continue;
    const std::filesystem::path path = argument;
    return path.is_absolute() ? (path.parent_path().filename() / path.filename()).string() : argument;
  }
  return std::string(layout::kConfig);
}

/// Every axis of any cell, in order of first appearance (control arms may lack some).
std::vector<std::string> AxisPaths(const RunAggregate& aggregate) {
  std::vector<std::string> paths;
  for (const CellAggregate& cell : aggregate.cells) {
    for (const auto& [path, value] : cell.axes) {
      if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
    }
  }
  return paths;
}

void AddIdentity(const RunDesign& manifest, const Slice& slice, Line& line) {
  line.Add("exp_id", manifest.exp_id);
  line.Add("exp", manifest.exp);
  line.Add("config", ConfigName(manifest));
  line.Add("cfg_hash", manifest.config_hash);
  line.Add("mode", NameOf(manifest.mode));
  line.Add("seeds", slice.seeds);
  line.Add("trials", slice.tally.trials());
  line.Add("successes", slice.tally.successes());
  line.Add("asr", slice.asr.value());
  line.Add("git_commit", manifest.git.sha);
  line.Add("run_at", manifest.timestamp_utc);
  line.Add("run_id", manifest.run_id);
}

void AddCell(const std::vector<std::string>& axes, const CellAggregate& cell, Line& line) {
  line.Add("cell", cell.id);
  line.Add("arm", NameOf(cell.arm));
  line.Add("attack", cell.attack);
  line.Add("defense", cell.defense);
  for (const std::string& path : axes) {
    const auto axis = std::ranges::find(cell.axes, path, &std::pair<std::string, std::string>::first);
    line.Add("axis." + path, axis == cell.axes.end() ? std::string_view() : std::string_view(axis->second));
  }
}

void AddSuccessRate(const Rate& asr, Line& line) {
  line.Add("asr_n", asr.n);
  line.Add("asr_lower95", Low(asr.bounds95()));
  line.Add("asr_upper95", High(asr.bounds95()));
  line.Add("asr_these_lower95", Low(asr.these95));
  line.Add("asr_these_upper95", High(asr.these95));
  line.Add("asr_basis", asr.n == 0 ? "" : BasisName(asr.basis()));
}

void AddOutcomes(const Tally& tally, Line& line) {
  for (const Outcome outcome : kEvery<Outcome>) line.Add(NameOf(outcome), tally.of(outcome));
  const auto ended = static_cast<double>(tally.ended());
  line.Add("error_rate", ended > 0 ? std::optional(static_cast<double>(tally.errors()) / ended) : std::nullopt);
}

void AddAttack(const Slice& slice, Line& line) {
  line.Add("exposed", slice.tally.exposed);
  line.Add("asr_exposed", slice.asr_exposed.value());
  line.Add("asr_exposed_lower95", Low(slice.asr_exposed.bounds95()));
  line.Add("asr_exposed_upper95", High(slice.asr_exposed.bounds95()));
  line.Add("attempted", slice.tally.attempted);
  line.Add("attempts", slice.tally.attempts);
  line.Add("executions", slice.tally.executions);
  line.Add("blocks", slice.tally.blocks);
}

void AddUtility(const Slice& slice, Line& line) {
  line.Add("task_assessed", slice.tally.task_assessed);
  line.Add("task_successes", slice.tally.task_successes);
  line.Add("task_success", slice.task_success.value());
  line.Add("task_success_lower95", Low(slice.task_success.bounds95()));
  line.Add("task_success_upper95", High(slice.task_success.bounds95()));
}

void AddEffort(const Tally& tally, Line& line) {
  line.Add("turns", tally.turns);
  line.Add("tool_calls", tally.tool_calls);
  line.Add("queries", tally.queries);
  line.Add("calls", tally.calls);
  line.Add("prompt_tokens", tally.prompt_tokens);
  line.Add("completion_tokens", tally.completion_tokens);
  line.Add("cost_usd", CsvDollars(tally.cost_nano_usd));
  line.Add("unknown_cost", tally.unknown_cost);
}

Line MakeLine(const RunDesign& manifest, const std::vector<std::string>& axes, const Slice& slice) {
  Line line;
  AddIdentity(manifest, slice, line);
  AddCell(axes, slice.cell, line);
  AddSuccessRate(slice.asr, line);
  AddOutcomes(slice.tally, line);
  AddAttack(slice, line);
  AddUtility(slice, line);
  AddEffort(slice.tally, line);
  return line;
}

}  // namespace

std::string SummaryCsv(const RunDesign& manifest, const RunAggregate& aggregate) {
  const std::vector<std::string> axes = AxisPaths(aggregate);
  const CellAggregate no_cell;
  const Rate no_rate;
  std::string text = MakeLine(manifest, axes, {no_cell, "", no_cell.tally, no_rate, no_rate, no_rate}).names() + "\n";
  for (const CellAggregate& cell : aggregate.cells) {
    for (const SeedAggregate& seed : cell.seeds) {
      const Slice slice{cell, std::to_string(seed.seed), seed.tally, seed.asr, seed.asr_exposed, seed.task_success};
      text += MakeLine(manifest, axes, slice).fields() + "\n";
    }
    const Slice slice{cell, "all", cell.tally, cell.asr, cell.asr_exposed, cell.task_success};
    text += MakeLine(manifest, axes, slice).fields() + "\n";
  }
  return text;
}

}  // namespace xsweep
