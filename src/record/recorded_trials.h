// RecordedTrials: which trials of a plan have a row in the shard logs, and these rows in plan order.
//
// Memory: a bit for each trial planned, and for each part of the plan (4,096 trials) where in which logs its rows lie.
// Rows lie nearly in plan order, so that is a stretch or two; a part's stretches are read when its rows are wanted.
// Where rows lie all over their logs (rounds over all cells) parts are put together until no byte is read more than
// about three times; in the worst case one part is the whole plan and takes 8 bytes a trial.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "record/row_part.h"

namespace xsweep {

class WantedTranscripts;

class RecordedTrials {
 public:
  /// Reads the shard logs of a run (missing: none yet). Of two rows for one trial the higher attempt counts; of equal
  /// attempts one that is no error, then the smaller bytes, so that the order of shards never matters. Damaged lines
  /// and rows without the transcript that they had are left out and told by `losses`. Fails with kUser for a sound row
  /// beyond the plan.
  static Expected<RecordedTrials> Scan(const std::filesystem::path& shards, std::uint64_t planned);
  RecordedTrials(RecordedTrials&&) noexcept;
  RecordedTrials& operator=(RecordedTrials&&) noexcept;
  ~RecordedTrials();

  std::uint64_t planned() const { return planned_; }
  std::uint64_t recorded() const { return recorded_; }
  bool Has(std::uint64_t index) const { return (has_[index / 64] >> (index % 64) & 1U) != 0; }
  /// The recorded row of a trial, with its newline, as ForEachRow gives it. Thread-safe; quick for trials near those
  /// that were asked for last.
  Expected<std::string> Row(std::uint64_t index) const;
  /// What was found damaged, a sentence for each log; empty: nothing.
  const std::vector<std::string>& losses() const { return losses_; }
  /// Calls back for every recorded row in plan order; `row` includes its newline and has no mark of the log. Memory
  /// stays bounded.
  Status ForEachRow(const std::function<Status(std::uint64_t index, std::string_view row)>& visit) const;
  /// How many parts the plan is read in.
  std::size_t parts() const { return stretches_.size(); }

 private:
  struct Opened;

  explicit RecordedTrials(std::uint64_t planned);
  Status ScanLog(std::uint32_t log, WantedTranscripts& wanted);
  void Note(std::uint32_t log, std::uint64_t offset, std::size_t size, std::uint64_t index);
  /// Puts every two parts together.
  void Halve();
  void FitParts();
  std::uint64_t BytesOfParts() const;
  Expected<RowPart> Open(std::size_t part) const;
  Status WantTranscriptsOfRepeated(WantedTranscripts& wanted) const;
  Status ForgetRowsWithoutTranscript(const std::filesystem::path& shards, WantedTranscripts& wanted);
  void Forget(std::uint64_t index);

  std::uint64_t planned_ = 0;
  std::uint64_t recorded_ = 0;
  std::uint64_t scanned_ = 0;    ///< bytes of logs
  std::uint64_t part_size_ = 0;  ///< trials
  std::size_t stretch_count_ = 0;
  std::vector<std::uint64_t> has_;
  std::vector<std::vector<LogStretch>> stretches_;  ///< of each part, by log and offset
  std::vector<std::filesystem::path> logs_;
  std::vector<std::string> losses_;
  std::unique_ptr<Opened> opened_;
};

}  // namespace xsweep
