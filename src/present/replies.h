// Replies: which replies of models were no answer, and who answered in place of whom, counted from a run's rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace xsweep {

struct ReplyCounts {
  std::map<std::string, std::int64_t> unanswered;  ///< "length", "judge.refused" -> replies
  std::int64_t unanswered_trials = 0;              ///< trials with at least one of them
  std::int64_t blocked_by_provider = 0;            ///< trials that the agent's provider ended
  std::int64_t cut_off = 0;  ///< trials called resisted in which the limit on calls left out what the agent asked for
  /// "agent: gpt-x" -> trials in which that model answered although another one was asked. Foreign text.
  std::map<std::string, std::int64_t> answered_by;
};

/// A key of `unanswered` taken apart: whose model, and what came in plain words ("cut off by length").
struct UnansweredKind {
  std::string_view role;
  std::string_view name;
  std::string words;
};
UnansweredKind KindOf(std::string_view key);

/// Only rows that have something to say are parsed, so a run without any costs one pass over its bytes. Rows that
/// cannot be parsed are left out; a missing file has none.
Expected<ReplyCounts> CountReplies(const std::filesystem::path& rows);

/// Sentences about them, plain text but for names in code marks, the gravest first; empty where there is nothing to
/// say.
std::vector<std::string> DescribeReplies(const ReplyCounts& counts);

}  // namespace xsweep
