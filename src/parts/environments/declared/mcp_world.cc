// McpWorld: turns at shared servers, their reset, and the probe.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/declared/mcp_world.h"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <filesystem>

#include "base/json_mend.h"
#include "base/text.h"

namespace xsweep {
namespace {

Expected<std::shared_ptr<ScratchDirectory>> CopyOf(const std::string& files) {
  static std::atomic<std::uint64_t> last = 0;
  TRY_ASSIGN(ScratchDirectory made, ScratchDirectory::Make(fmt::format("files-{}", ++last)));
  std::error_code failed;
  std::filesystem::copy(files, made.path(), std::filesystem::copy_options::recursive, failed);
  if (failed) return WorldError("cannot be copied for a trial: " + failed.message(), files);
  return std::make_shared<ScratchDirectory>(std::move(made));
}

std::vector<std::string> WordsOf(const Json& list) {
  std::vector<std::string> words;
  for (const Json& word : list.items()) words.push_back(word.is_string() ? word.AsString() : word.Dump());
  return words;
}

}  // namespace

std::chrono::milliseconds McpWorld::limit() const {
  return std::chrono::milliseconds(std::llround(settings_.timeout * 1000));
}

Async<Expected<McpWorld::Lease>> McpWorld::Start() const {
  Lease lease;
  if (!settings_.files.empty()) {
    CO_TRY_ASSIGN(lease.directory, CopyOf(settings_.files));
  }
  auto opening = ServerSet::Open(specs_, lease.path(), limit());
  CO_TRY_ASSIGN(lease.servers, co_await opening);
  co_return lease;
}

Async<Expected<McpWorld::Lease>> McpWorld::Take() {
  if (!shared()) {
    auto starting = Start();
    co_return co_await starting;
  }
  const auto turn = Enqueue();
  auto waiting = turn.Take(std::chrono::hours(24));
  auto granted = co_await waiting;
  if (!granted || !*granted) {
    Leave(turn);
    if (!granted) co_return std::unexpected(granted.error());
    co_return EpisodeError("the shared servers were never free", "environment mcp");
  }
  auto readying = Ready();
  auto ready = co_await readying;
  if (!ready) Return(false);
  co_return ready;
}

void McpWorld::Return(bool sound) {
  if (!shared()) return;
  if (!sound) kept_.reset();
  PassOn();
}

McpWorld::Turn McpWorld::Enqueue() {
  const std::lock_guard lock(mutex_);
  Turn turn;
  if (!taken_) {
    taken_ = true;
    turn.Set(true);
  } else {
    queue_.push_back(turn);
  }
  return turn;
}

// A trial that stops waiting must not be handed the servers; if it just was, they go on to the next.
void McpWorld::Leave(const Turn& turn) {
  if (turn.is_set()) {
    PassOn();
  } else {
    turn.Set(false);
  }
}

void McpWorld::PassOn() {
  const std::lock_guard lock(mutex_);
  while (!queue_.empty()) {
    const Turn next = queue_.front();
    queue_.pop_front();
    if (next.is_set()) continue;
    return next.Set(true);
  }
  taken_ = false;
}

// Reset before each trial rather than after: a trial that is killed resets nothing.
Async<Expected<McpWorld::Lease>> McpWorld::Ready() {
  if (!kept_) {
    auto starting = Start();
    CO_TRY_ASSIGN(kept_, co_await starting);
  }
  auto resetting = Reset();
  CO_TRY(co_await resetting);
  co_return *kept_;
}

Async<Status> McpWorld::Reset() {
  if (const Json* command = settings_.reset.Find("command")) {
    auto running = RunAside(WordsOf(*command), {}, limit());
    CO_TRY(co_await running);
  }
  const std::string tool(reset_tool());
  if (tool.empty()) co_return Status();
  const Json* arguments = settings_.reset.Find("arguments");
  const Json given = arguments == nullptr ? Json::MakeObject() : *arguments;
  auto calling = kept_->servers->Call(tool, given);
  CO_TRY_ASSIGN(const ServerAnswer answer, co_await calling);
  if (answer.error) co_return EpisodeError("the reset was refused: " + Printable(answer.text, 300), "reset");
  co_return Status();
}

// The text that a command or tool printed; `structured` is not null where the tool gave data beside it.
Async<Expected<std::string>> McpWorld::Print(const Lease& lease, Json& structured) const {
  if (!probe_.command.empty()) {
    auto running = RunAside(probe_.command, lease.path(), limit());
    co_return co_await running;
  }
  auto calling = lease.servers->Call(probe_.tool, probe_.arguments);
  CO_TRY_ASSIGN(ServerAnswer answer, co_await calling);
  if (answer.error) co_return EpisodeError("the probe was refused: " + Printable(answer.text, 300), probe_.tool);
  structured = std::move(answer.structured);
  co_return std::move(answer.text);
}

Async<Expected<Json>> McpWorld::Look(const Lease& lease) const {
  if (probe_.files) co_return FilesOf(lease.directory ? lease.path() : ".");
  Json structured;
  auto printing = Print(lease, structured);
  CO_TRY_ASSIGN(const std::string text, co_await printing);
  if (!structured.is_null()) co_return structured;
  auto json = ParseMended(text);
  if (!json) co_return EpisodeError("the probe printed no JSON: " + Printable(text, 200), "environment.probe");
  co_return std::move(*json);
}

}  // namespace xsweep
