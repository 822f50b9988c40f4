// TauFile: result files of tau-bench v1 and tau2-bench, one episode at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "foreign/facts.h"

namespace xsweep {

/// A results file, opened and cut into its episodes; only one of them is parsed at a time. Forms: v1's list of
/// {task_id, reward, info, traj, trial}; tau2's {info, tasks, simulations}; a bare list of tau2's simulations; tau2's
/// directory, whose `simulation_index` names a file for each simulation.
class TauFile {
 public:
  /// `path` is the file, or a directory with a results.json. Fails with kUser, in words about the file, for what holds
  /// no episodes or is another format (which is named when it is known).
  static Expected<TauFile> Open(const std::filesystem::path& path);

  const ForeignSource& source() const { return source_; }
  std::size_t size() const { return entries_.size(); }
  /// SHA-256 of the file.
  std::string Sha256Hex() const;
  /// The file itself, also where a directory was opened.
  const std::filesystem::path& path() const { return path_; }
  bool carries_tasks() const { return carries_tasks_; }

  /// Every episode in the order of the file, with its dialogue; effects are not known yet. Fails with kUser, naming the
  /// line and the entry, for an entry that is none.
  Status ForEach(const std::function<Status(ForeignTrial&&)>& visit) const;
  /// The ids of the tasks whose episodes carry recorded action checks of another task, with the first such label.
  struct Labels {
    std::uint64_t checked = 0;  ///< episodes whose action ids name a task
    std::uint64_t other = 0;    ///< of these, another one than task_id
    std::string example;        ///< "task_id 0 has the checks of 49_0"
  };
  const Labels& labels() const { return labels_; }

 private:
  struct Entry {
    std::string_view text;
    std::size_t line = 0;
    std::filesystem::path file;  ///< of its own, where the entry stands in one
  };
  Status Cut();
  Status CutObject(std::string_view text);
  Status CutList(std::string_view text, bool only_simulations);
  Status CutIndex(std::string_view index);
  Status ReadInfo(std::string_view text);
  Status ReadTaskLabels(std::string_view tasks);
  void NoteLabels(const Json& entry, const std::string& task) const;

  std::filesystem::path path_;
  std::unique_ptr<MappedFile> file_;
  ForeignSource source_;
  std::vector<Entry> entries_;
  bool carries_tasks_ = false;
  std::map<std::string, std::string> first_action_;  ///< of the file's own tasks: id of the first reference action
  mutable Labels labels_;                            ///< filled by ForEach
};

}  // namespace xsweep
