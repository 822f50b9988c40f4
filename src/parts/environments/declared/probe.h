// Probe: a read-only look at a foreign world, as JSON, before the first call and after the last.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "base/json.h"
#include "words/message.h"

namespace xsweep {

/// A tool, a command that prints JSON, or the files of the trial's directory. At most one.
struct ProbeSpec {
  std::string tool;
  Json arguments = Json::MakeObject();
  std::vector<std::string> command;
  bool files = false;
  std::vector<std::string> ignore;  ///< JSON pointers that change by themselves: clocks, counters
};

/// {tool, arguments, ignore}, {command, ignore} or {files: true}. Fails with kUser.
Expected<ProbeSpec> ReadProbe(const Json& given);

/// The files below `directory`: {"a/b.txt": "its text"}; of a file over 1 MB or that is no UTF-8 its size and hash.
Json FilesOf(const std::string& directory);

/// What a command prints, as JSON. Runs aside: nobody's loop waits for it.
Async<Expected<std::string>> RunAside(std::vector<std::string> command, std::string directory,
                                      std::chrono::milliseconds limit);

/// Where two states differ: [{pointer, change: added|removed|changed, before, after}], at the deepest place that both
/// have, at most 200 entries.
Json StateDifferences(const Json& before, const Json& after, const std::vector<std::string>& ignore);

}  // namespace xsweep
