// Names a run: when, from which commit, in which mode, with which seeds and how many trials.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "words/names.h"

namespace xsweep {

using WallTime = std::chrono::system_clock::time_point;

/// "YYYYmmddTHHMMSSZ", UTC.
std::string CompactUtc(WallTime time);
/// "YYYY-mm-ddTHH:MM:SSZ", UTC.
std::string IsoUtc(WallTime time);

/// "s41_42_43"; four or more consecutive seeds "s1..64"; otherwise beyond eight the first three and the count
/// "s3_17_99_n40".
std::string SeedsLabel(const std::vector<std::uint64_t>& seeds);

/// `YYYYmmddTHHMMSSZ-<shortSHA>-<MODE>-s<seeds>-t<trials>`; an empty `git_sha` becomes "nogit".
std::string MakeRunId(WallTime started, std::string_view git_sha, Mode mode, const std::vector<std::uint64_t>& seeds,
                      std::uint32_t trials);

/// Refuses what could leave the results directory or confuse a shell: only letters, digits, "_", "-", "." are allowed,
/// not empty, at most 200 characters, no leading dot, and neither "latest" nor "index.csv". `what` is "exp" or "run
/// id", for the message.
Status CheckPathName(std::string_view name, std::string_view what);

}  // namespace xsweep
