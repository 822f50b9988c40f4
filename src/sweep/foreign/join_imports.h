// JoinImports: several imported runs as one, so that their models (or sources) stand beside each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sweep/foreign/imported.h"

namespace xsweep {

struct JoinRequest {
  std::vector<std::string> runs;  ///< at least two; directories, ids or EXP/latest of imported runs
  std::string exp = "joined";
  std::string outdir = "results";
  std::vector<std::string> argv;
};

/// A new run with the rows and dialogues of all. Cells keep their axes; where two runs have a cell of the same axes, or
/// an axis that others have is missing, the axis `source` says which file it is from. Rows of one case keep their trial
/// numbers, so cells pair by case. The environment is theirs where all were replayed in the same one. Fails with kUser
/// for a run that is no import.
Expected<int> JoinImports(const JoinRequest& request);

}  // namespace xsweep
