// WatchedModels: the models of one trial, and what their replies gave away about themselves.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "episode/model.h"

namespace xsweep {

/// Stands before the models of one trial and counts what no part has to report: what replies used, also those that a
/// part can do nothing with, replies that are no answer, and who answered where that is not the model that was asked.
/// Outlives the episode; belongs to its thread.
class WatchedModels {
 public:
  explicit WatchedModels(const ModelSet& models);
  ~WatchedModels();
  WatchedModels(const WatchedModels&) = delete;
  WatchedModels& operator=(const WatchedModels&) = delete;

  const ModelSet& models() const { return watched_; }
  const RoleUsage& usage() const { return usage_; }
  /// How many replies were no answer: by name for the agent ("length"), by role and name for others ("judge.refused").
  const std::map<std::string, std::int64_t>& unanswered() const { return unanswered_; }
  /// Role -> the models that answered for it, where a reply names another one than was asked.
  const std::map<std::string, std::string>& answered_by() const { return answered_by_; }

 private:
  class Watched;
  Model* Watch(Model* model, Role role);
  void Note(Role role, std::string_view asked, const ModelReply& reply);

  ModelSet watched_;
  std::vector<std::unique_ptr<Model>> owned_;
  RoleUsage usage_;
  std::map<std::string, std::int64_t> unanswered_;
  std::map<std::string, std::string> answered_by_;
};

}  // namespace xsweep
