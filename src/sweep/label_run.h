// LabelRun: trials of a run shown to a person, drawn at random within each verdict, and the answers kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "record/run_directory.h"

namespace xsweep {

/// One trial to be labelled.
struct LabelTask {
  std::uint64_t index = 0;
  std::string cell, task;
  std::uint64_t seed = 0;
  std::uint32_t trial = 0;
  std::string dialogue;  ///< as text for people; says so where it was not kept
};

/// The next trials to label, at most `sample` in all cells together: within each attacked cell labels go to the two
/// verdicts as gains most (Neyman), within a verdict in an order drawn from `seed`, so that those labelled are a
/// random sample however often one goes on. The verdicts themselves are not shown. Shuffled over cells and verdicts.
Expected<std::vector<LabelTask>> NextToLabel(const RunDirectory& run, std::int64_t sample, std::uint64_t seed);

/// Appends a label to the run's labels.jsonl.
Status AddLabel(const RunDirectory& run, std::uint64_t index, bool label);

}  // namespace xsweep
