// Recorded models: one keeps every exchange of the model it wraps, the other answers from what was kept.
// SPDX-License-Identifier: Apache-2.0
#include "models/recordings/recorded.h"

namespace xsweep {
namespace {

class RecordingModel final : public Model {
 public:
  RecordingModel(std::unique_ptr<Model> inner, const Json& settings, ExchangeLog& log)
      : inner_(std::move(inner)), requests_(settings), log_(log) {}
  std::string_view name() const override { return inner_->name(); }
  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override {
    Expected<ModelReply> reply = co_await inner_->Complete(request);
    // What a stop or a budget ended is not an answer: the trial will be run again.
    if (!reply && reply.error().kind != ErrorKind::kEpisode) co_return reply;
    CO_TRY(log_.Append(request.identity, requests_.Write(request), reply));
    co_return reply;
  }

 private:
  const std::unique_ptr<Model> inner_;
  RequestWriter requests_;
  ExchangeLog& log_;
};

class ReusingModel final : public Model {
 public:
  ReusingModel(std::unique_ptr<Model> inner, const Json& settings, std::shared_ptr<const Recording> recording)
      : inner_(std::move(inner)), requests_(settings), recording_(std::move(recording)) {}
  std::string_view name() const override { return inner_->name(); }
  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override {
    if (recording_->Holds(request.identity)) {
      Expected<ModelReply> kept = recording_->Find(request.identity, requests_.Write(request));
      if (kept) return kept;
    }
    return inner_->Complete(request);
  }

 private:
  const std::unique_ptr<Model> inner_;
  RequestWriter requests_;
  const std::shared_ptr<const Recording> recording_;
};

class ReplayModel final : public Model {
 public:
  ReplayModel(std::string name, const Json& settings, std::shared_ptr<const Recording> recording)
      : name_(std::move(name)), requests_(settings), recording_(std::move(recording)) {}
  std::string_view name() const override { return name_; }
  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override {
    co_return recording_->Find(request.identity, requests_.Write(request));
  }

 private:
  const std::string name_;
  RequestWriter requests_;
  const std::shared_ptr<const Recording> recording_;
};

}  // namespace

Expected<std::unique_ptr<ExchangeLog>> ExchangeLog::Open(Disk& disk, const std::filesystem::path& path) {
  TRY_ASSIGN(auto lines, LineLog::Open(disk, path));
  return std::unique_ptr<ExchangeLog>(new ExchangeLog(std::move(lines)));
}

Status ExchangeLog::Append(const CallIdentity& identity, const RequestText& request,
                           const Expected<ModelReply>& result) {
  return lines_->Append(writer_.Lines(identity, request, result));
}

std::unique_ptr<Model> MakeRecordingModel(std::unique_ptr<Model> inner, const Json& settings, ExchangeLog& log) {
  return std::make_unique<RecordingModel>(std::move(inner), settings, log);
}

std::unique_ptr<Model> MakeReusingModel(std::unique_ptr<Model> inner, const Json& settings,
                                        std::shared_ptr<const Recording> recording) {
  return std::make_unique<ReusingModel>(std::move(inner), settings, std::move(recording));
}

std::unique_ptr<Model> MakeReplayModel(std::string name, const Json& settings,
                                       std::shared_ptr<const Recording> recording) {
  return std::make_unique<ReplayModel>(std::move(name), settings, std::move(recording));
}

}  // namespace xsweep
