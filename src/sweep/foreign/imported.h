// ImportedRun: what an importer has made of somebody's results, written as a run directory and finished as any other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foreign/facts.h"
#include "record/manifest.h"
#include "sweep/open/experiment.h"
#include "sweep/open/open_environment.h"

namespace xsweep {

struct ImportRequest {
  std::string file;
  std::string outdir = "results";
  std::string exp;                   ///< empty: "imported_" and the file's name, shortened
  std::string from;                  ///< agentdojo, tau1, tau2, inspect, facts; empty: told by the file
  std::optional<double> success_at;  ///< the reward from which on an episode counts as solved
  std::string arms;                  ///< a file that says model and defense of each directory
  bool strict = false;               ///< a warning refuses the import
  EnvironmentFlags environment;
  std::vector<std::string> argv;
};

/// Gathers rows and what is to be said about them. Rows get their cell, index and trial number here.
class ImportedRun {
 public:
  /// Adds the row of one episode in the cell of its arm; `row` brings task, hashes, outcome and counts. Trials are
  /// ranked within their task and cell in the order of (`given`, order of adding). Returns its index.
  std::uint64_t Add(const ForeignArm& arm, Trial row, std::uint32_t given);
  /// The same for a cell that is described already.
  std::uint64_t AddToCell(const CellRecord& cell, Trial row, std::uint32_t given);
  std::uint64_t size() const { return rows_.size(); }
  const std::vector<CellRecord>& cells() const { return cells_; }

  /// What a person should know, and what speaks against the numbers.
  void Note(std::string note) { notes_.push_back(std::move(note)); }
  void Warn(std::string warning) { warnings_.push_back(std::move(warning)); }
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Further members of `import` in run.json.
  Json about = Json::MakeObject();
  /// Records of transcripts, as AppendTranscriptRecord makes them, or else a sealed file of them, which is moved into
  /// the run if it is there.
  std::string transcripts;
  std::filesystem::path sealed_transcripts;

  /// Ranks trials; says how many episodes were renumbered because two had the same number.
  void NumberTrials();
  /// Keeps the numbers as given, so that equal numbers are the same case in every cell; a second episode of one case
  /// gets the next free number beyond all, with a note.
  void KeepNumbers();
  const std::vector<Trial>& rows() const { return rows_; }
  /// Writes the run and finishes it. Fails with kUser before anything is written where `--strict` meets a warning.
  Expected<int> Finish(const Experiment& experiment, const ImportRequest& request, const ForeignSource& source,
                       const std::string& sha256);

 private:
  std::uint32_t CellOf(const ForeignArm& arm);
  std::vector<CellRecord> cells_;
  std::map<ForeignArm, std::uint32_t> by_arm_;
  std::vector<Trial> rows_;
  std::vector<std::uint32_t> given_;
  std::vector<std::string> tasks_;
  std::uint32_t trials_ = 0;
  std::vector<std::string> notes_, warnings_;
};

/// A name that a directory may have and that people can type.
std::string ImportedName(const ImportRequest& request);

/// The experiment that describes an import: one cell, the imported agent, `environment` as given.
Expected<Experiment> DescribeImport(const ImportRequest& request, const ForeignSource& source, Json environment,
                                    const std::vector<std::string>& tasks, const std::string& sha256);

/// How rewards become task success.
struct Grading {
  std::optional<double> success_at;  ///< empty: a reward of 1 is solved, of 0 failed, and a partial one neither
  bool withheld = false;  ///< rewards stay rewards: so many are partial that a rate of the rest would mislead
};

/// The rewards of episodes that are graded by nothing else.
struct RewardsSeen {
  std::uint64_t graded = 0, partial = 0;
  double least_partial = 1, most_partial = 0;
  void Add(double reward);
};
Grading GradingOf(const ImportRequest& request, const RewardsSeen& seen);
/// What became of the partial ones, and how to have them count; nothing where there are none.
void SayPartialRewards(const ImportRequest& request, const RewardsSeen& seen, ImportedRun& run);

/// The row of an episode: outcome, task success, usage and counts; hashes stay empty. The goal of an attacked one is
/// its injection task.
Trial RowOf(const ForeignTrial& trial, std::uint64_t seed, const Grading& grading = {});

}  // namespace xsweep
