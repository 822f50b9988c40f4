// KeptDialogues: the rows and dialogues of a finished run, for whoever judges them again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "episode/transcript.h"
#include "record/logs/trial.h"
#include "record/run_directory.h"
#include "record/transcripts/transcript_file.h"

namespace xsweep {

/// In plan order. Belongs to one thread.
class KeptDialogues {
 public:
  /// Fails with kUser where a dialogue that a judge has to look at was not kept.
  static Expected<KeptDialogues> Open(const RunDirectory& run);
  struct Next {
    std::size_t place = 0;  ///< of the row, from 0
    Trial row;
    Json transcript{};
    std::shared_ptr<const Transcript> dialogue{};  ///< null: there is nothing to judge
  };
  /// The next one that `done` does not name; an empty `done` names none. Empty behind the last.
  Expected<std::optional<Next>> Take(const std::vector<bool>& done = {});
  std::size_t size() const { return rows_.size(); }
  /// A row that was not taken yet.
  const Trial& row(std::size_t place) const { return rows_[place]; }

 private:
  Expected<Json> FindFrom(std::uint64_t index);
  std::vector<Trial> rows_;
  std::optional<TranscriptFile> dialogues_;
  std::size_t at_ = 0;
  std::size_t frame_ = 0;
};

}  // namespace xsweep
