// Sessions: many episodes at once in a few workers.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/bridge/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace xsweep {
namespace {

using Now = std::chrono::steady_clock;

Error Episode(std::string message, const std::string& what) {
  return {ErrorKind::kEpisode, std::move(message), "worker, " + what};
}

}  // namespace

Expected<BridgeWorker::Ptr> BridgeWorker::Start(const std::vector<std::string>& command,
                                                std::chrono::milliseconds silence) {
  std::shared_ptr<BridgeWorker> worker(new BridgeWorker(silence));
  worker->last_heard_ = Now::now();
  PeerSettings settings;
  settings.command = command;
  BridgeWorker* self = worker.get();
  TRY_ASSIGN(worker->peer_, LinePeer::Start(
                                settings, [self](std::string_view line) { return self->Hear(line); },
                                [self](const Error& why) { self->End(why); }));
  return worker;
}

std::pair<std::int64_t, Handoff<BridgeWorker::Answer>> BridgeWorker::Send(const std::string& what, const Json& more) {
  Json request = Json::MakeObject({{"do", what}});
  for (const auto& [key, value] : more.members()) request.Set(key, value);
  const std::lock_guard lock(mutex_);
  Handoff<Answer> promise;
  const std::int64_t id = ++last_id_;
  request.Set("id", id);
  if (gone_) promise.Set(std::unexpected(*gone_));
  if (waiting_.empty()) last_heard_ = Now::now();
  waiting_.emplace(id, promise);
  peer_->Send(request.Dump());
  return {id, promise};
}

Async<Expected<Json>> BridgeWorker::Ask(std::string what, Json more) {
  const auto [id, promise] = Send(what, more);
  while (true) {
    auto taking = promise.Take(silence_);
    auto taken = co_await taking;
    if (!taken) co_return std::unexpected(taken.error());
    if (*taken) {
      Answer answer = std::move(**taken);
      if (!answer) co_return std::unexpected(Episode(answer.error().message, what));
      co_return std::move(*answer);
    }
    // Others may be served before this one: only a worker that is silent to all hangs.
    bool silent = false;
    {
      const std::lock_guard lock(mutex_);
      silent = Now::now() - last_heard_ >= silence_;
    }
    if (silent) peer_->Stop("the worker did not answer in time");
  }
}

void BridgeWorker::Tell(const std::string& what, const Json& more) { Send(what, more); }

bool BridgeWorker::Hear(std::string_view line) {
  const auto message = Json::Parse(line);
  const std::lock_guard lock(mutex_);
  last_heard_ = Now::now();
  const Json* ok = message ? message->Find("ok") : nullptr;
  const Json* error = message ? message->Find("error") : nullptr;
  const Json* id = message ? message->Find("id") : nullptr;
  auto found = waiting_.begin();
  if (id != nullptr && id->is_int()) found = waiting_.find(id->AsInt());
  if (found == waiting_.end()) return true;
  if (ok != nullptr) {
    found->second.Set(*ok);
  } else if (error != nullptr) {
    found->second.Set(std::unexpected(
        Error{ErrorKind::kEpisode, error->is_string() ? Printable(error->AsString(), 400) : error->Dump(), {}}));
  } else {
    found->second.Set(std::unexpected(
        Error{ErrorKind::kEpisode, "the worker answered garbage: " + Printable(std::string(line)), {}}));
  }
  waiting_.erase(found);
  // Out of step, it would answer the next question with the rest of this one: it must not be asked again.
  return ok != nullptr || error != nullptr;
}

void BridgeWorker::End(const Error& why) {
  const std::lock_guard lock(mutex_);
  std::string message = why.message;
  if (message.starts_with("it has died")) message.replace(0, 11, "the worker has died");
  gone_ = Error{ErrorKind::kEpisode, message, {}};
  for (const auto& [id, promise] : waiting_) promise.Set(std::unexpected(*gone_));
  waiting_.clear();
}

BridgeSession::~BridgeSession() {
  if (worker_ && !id_.empty()) worker_->Tell("close", Json::MakeObject({{"session", id_}}));
}

Async<Expected<Json>> BridgeSession::Ask(std::string what, Json more) {
  if (!id_.empty()) more.Set("session", id_);
  return worker_->Ask(std::move(what), std::move(more));
}

Async<Expected<std::pair<BridgeWorker::Ptr, Json>>> BridgeWorkers::Open() const {
  CO_TRY_ASSIGN(BridgeWorker::Ptr worker, BridgeWorker::Start(command_, silence_));
  auto opening = worker->Ask("open", Json::MakeObject({{"data", data_}, {"protocol", 2}}));
  CO_TRY_ASSIGN(Json opened, co_await opening);
  worker->Speak(static_cast<int>(opened.IntOr("protocol", 1)));
  co_return std::pair(std::move(worker), std::move(opened));
}

void BridgeWorkers::Keep(BridgeWorker::Ptr worker) {
  const std::lock_guard lock(mutex_);
  protocol_ = worker->protocol();
  if (protocol_ >= 2) {
    shared_.front().worker = std::move(worker);
  } else {
    idle_.push_back(std::move(worker));
  }
}

void BridgeWorkers::Return(BridgeWorker::Ptr worker) {
  const std::lock_guard lock(mutex_);
  if (worker->protocol() >= 2) {
    const auto place = std::ranges::find(shared_, worker, &Shared::worker);
    if (place != shared_.end()) --place->sessions;
  } else if (worker->alive()) {
    idle_.push_back(std::move(worker));
  }
}

Async<Expected<BridgeSession>> BridgeWorkers::Take() {
  Shared* place = nullptr;
  std::string id;
  BridgeWorker::Ptr worker;
  {
    const std::lock_guard lock(mutex_);
    if (protocol_ >= 2) {
      // Taken in turn, two episodes of unlike length soon share a worker, and another has nothing to do.
      place = &*std::ranges::min_element(shared_, {}, [](const Shared& one) {
        return one.starting ? std::numeric_limits<int>::max() : one.usable() ? one.sessions : 0;
      });
      id = fmt::format("s{}", ++last_session_);
      if (place->usable()) {
        worker = place->worker;
        ++place->sessions;
      } else {
        place->starting = true;
      }
    } else if (!idle_.empty()) {
      worker = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!worker || !worker->alive()) {
    auto opening = Open();
    auto opened = co_await opening;
    const std::lock_guard lock(mutex_);
    if (place != nullptr) place->starting = false;
    if (!opened) co_return std::unexpected(std::move(opened).error());
    worker = std::move(opened->first);
    // Somebody may have been faster; then this one serves its episode and goes.
    if (place != nullptr && !place->usable()) *place = {.worker = worker, .sessions = 1};
  }
  co_return BridgeSession(std::move(worker), std::move(id));
}

}  // namespace xsweep
