// Recorded models: one keeps every exchange of the model it wraps, the other answers from what was kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "episode/model.h"
#include "models/recordings/exchange.h"

namespace xsweep {

/// Where exchanges go: a log with one writer, written through to the operating system at every append, so that only a
/// power loss can lose what `Sync` did not cover. Belongs to one thread.
class ExchangeLog {
 public:
  /// Creates the file or opens it to go on, cutting off a torn last line.
  static Expected<std::unique_ptr<ExchangeLog>> Open(Disk& disk, const std::filesystem::path& path);
  Status Append(const CallIdentity& identity, const RequestText& request, const Expected<ModelReply>& result);
  /// From any thread, also while another one writes.
  Status Sync() { return lines_->Sync(); }
  /// Ends the file properly; without, sealing the run does.
  Status Close() { return lines_->Finish(); }

 private:
  explicit ExchangeLog(std::unique_ptr<LineLog> lines) : lines_(std::move(lines)) {}
  std::unique_ptr<LineLog> lines_;
  ExchangeWriter writer_;
};

/// Keeps what `inner` answers, errors of kind kEpisode included, before anybody acts on it. `settings` is what of the
/// model's options decides an answer (model, temperature, ...); it is hashed with every request. The log outlives it.
std::unique_ptr<Model> MakeRecordingModel(std::unique_ptr<Model> inner, const Json& settings, ExchangeLog& log);

/// Answers with what an earlier part of the same run has paid for, and asks `inner` for the rest. Recorded errors are
/// asked again.
std::unique_ptr<Model> MakeReusingModel(std::unique_ptr<Model> inner, const Json& settings,
                                        std::shared_ptr<const Recording> recording);

/// Answers from a recording alone; opens no socket. A miss fails with kWorld and says what differs. `settings` as
/// they were given to MakeRecordingModel.
std::unique_ptr<Model> MakeReplayModel(std::string name, const Json& settings,
                                       std::shared_ptr<const Recording> recording);

}  // namespace xsweep
