// Inspect's logs: .eval archives and .json files, versions 2 and 3, also of runs that were killed before their end.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "foreign/facts.h"
#include "foreign/inspect_findings.h"

namespace xsweep {

/// Whether the beginning of a file looks like such a log.
bool LooksLikeInspect(std::string_view head);

/// Every sample of a log as an episode. Scores are read by name: `security`, `attack_success` and the like are the
/// attack's (C, 1 or true: it SUCCEEDED), `utility`, `task_success` or, with a single score, that one, are the task's;
/// a score of a number between 0 and 1 is a partial reward. A sample with an error, without scores or with NaN is an
/// error; so is one that was declared invalid, and, unless the attack succeeded, one whose agent's last reply is no
/// answer. What the log says against its numbers goes to `findings`; a sample that an earlier log holds is left out.
/// Fails with kUser for what is no such log, naming the entry.
Status ReadInspectLog(const std::filesystem::path& path, ForeignSource& source, InspectFindings& findings,
                      const std::function<Status(ForeignTrial&&)>& visit);

}  // namespace xsweep
