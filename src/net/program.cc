// Program: watching through a pidfd, and ending whole groups.
// SPDX-License-Identifier: Apache-2.0
#include "net/program.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "base/text.h"
#include "net/await.h"

namespace xsweep {
namespace {

int KillWhere(const std::function<bool(std::string_view environment)>& marked) {
  int killed = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const auto pid = ParseUnsigned(entry.path().filename().string());
    if (!pid || static_cast<pid_t>(*pid) == ::getpid()) continue;
    std::ifstream file(entry.path() / "environ", std::ios::binary);
    const std::string environment((std::istreambuf_iterator<char>(file)), {});
    if (environment.empty() || !marked(environment)) continue;
    killed += ::kill(static_cast<pid_t>(*pid), SIGKILL) == 0 ? 1 : 0;
  }
  return killed;
}

/// The value of NAME in the environment block of a process; empty without it.
std::string_view ValueOf(std::string_view environment, std::string_view name) {
  for (std::size_t start = 0; start < environment.size();) {
    const std::size_t end = std::min(environment.find('\0', start), environment.size());
    const std::string_view entry = environment.substr(start, end - start);
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('=')) return entry.substr(name.size() + 1);
    start = end + 1;
  }
  return {};
}

}  // namespace

Expected<std::unique_ptr<Program>> Program::Start(IoLoop& loop, const ProgramRequest& request) {
  TRY_ASSIGN(StreamPair pipe, StreamPair::Make());
  TRY_ASSIGN(StreamPair errors, StreamPair::Make());
  SpawnRequest spawn{.args = request.args, .directory = request.directory, .environment = {}};
  for (const auto& [name, value] : request.environment) spawn.environment.push_back(fmt::format("{}={}", name, value));
  if (request.talks) spawn.in = pipe.theirs.get();
  spawn.out = pipe.theirs.get();
  spawn.err = errors.theirs.get();
  TRY_ASSIGN(Child child, Child::Start(spawn));
  return std::unique_ptr<Program>(new Program(loop, std::move(child), std::move(pipe.ours), std::move(errors.ours)));
}

Program::Program(IoLoop& loop, Child child, Descriptor pipe, Descriptor errors)
    : loop_(loop),
      child_(std::move(child)),
      pipe_(std::make_unique<Socket>(loop, pipe.Release())),
      errors_(std::make_unique<Socket>(loop, errors.Release())) {
  loop_.Watch(child_.handle(), EPOLLIN, [this](std::uint32_t) { Reap(); });
}

Program::~Program() {
  Kill();
  if (!ended_) loop_.Unwatch(child_.handle());
}

void Program::Kill() { child_.Kill(); }

void Program::Reap() {
  int status = 0;
  if (!child_.HasEnded(status)) return;
  ended_ = true;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  loop_.Unwatch(child_.handle());
  if (waiter_ != nullptr) waiter_->Wake();
}

Async<Expected<int>> Program::Ended(SteadyTime deadline) {
  if (ended_) co_return status_;
  auto waiting = AwaitUntil(loop_, waiter_, deadline);
  CO_TRY(co_await waiting);
  if (!ended_) co_return WorldError("did not end in time", "program");
  co_return status_;
}

int KillMarked(std::string_view name, std::string_view value) {
  return KillWhere([&](std::string_view environment) { return ValueOf(environment, name) == value; });
}

int KillOrphans(std::string_view name) {
  return KillWhere([&](std::string_view environment) {
    const std::string_view mark = ValueOf(environment, name);
    const auto owner = ParseUnsigned(mark.substr(0, mark.find(':')));
    return owner && !ProcessRuns(static_cast<int>(*owner));
  });
}

}  // namespace xsweep
