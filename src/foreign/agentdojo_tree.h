// Trees of AgentDojo's logs: which files there are, and what the names of their directories say of model and defense.
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

/// What the ids of tasks begin with that are an injection alone.
inline constexpr std::string_view kAlonePrefix = "injection_task";

/// A tree of logs, in the order of pipeline, suite, attack, user task and injection task.
struct AgentDojoTree {
  struct File {
    std::filesystem::path path;
    std::string pipeline;  ///< directory above the suite's; empty where the file does not lie in such a tree
  };
  std::vector<File> files;
  std::uint64_t links = 0;   ///< symbolic links, which are not followed
  std::uint64_t others = 0;  ///< files that are no .json
  std::uint64_t deep = 0;    ///< directories below the twelfth level, which are not read
};
/// `root` may be the log directory, any directory above or within it, or one file.
Expected<AgentDojoTree> FindAgentDojoLogs(const std::filesystem::path& root);

/// Model and defense of an arm, from the pipeline's directory and the pipeline's name in its logs. A defense is known
/// by name, or it is what a directory has behind the name of another pipeline where the logs of both give that name.
struct ArmNames {
  std::string model, defense;  ///< defense is "none" where nothing says another
};
class ArmReader {
 public:
  /// Reads corrections: CSV with the columns directory, model, defense.
  Status ReadMap(const std::string& file);
  /// Directories (with the pipeline name of their logs) must all be known before names are asked for.
  void Add(const std::string& directory, const std::string& pipeline_name);
  ArmNames Name(const std::string& directory) const;

 private:
  std::map<std::string, std::string> pipelines_;  ///< directory -> pipeline name in its logs
  std::map<std::string, ArmNames> given_;
};

/// The number at the end of an id ("injection_task_7"), for sorting; large where there is none.
std::uint32_t TrailingNumber(std::string_view id);

}  // namespace xsweep
