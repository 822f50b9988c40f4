// Program: spawning, watching through a pidfd, and ending whole groups.
// SPDX-License-Identifier: Apache-2.0
#include "net/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "base/text.h"

namespace xsweep {
namespace {

/// A stream that is ours to read and, maybe, to write: sending to a dead program is an error code and no signal.
struct Pair {
  int ours = -1;
  int theirs = -1;
  static Expected<Pair> Make() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      return WorldError(fmt::format("cannot make a socket: {}", std::strerror(errno)));
    return Pair{ends[0], ends[1]};
  }
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// posix_spawnp looks in our PATH; the program's own is what counts.
std::string FindIn(const std::string& path, const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  for (const std::string& folder : Split(path, ':')) {
    const std::string candidate = folder + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return name;
}

int Spawn(const ProgramRequest& request, int pipe, int errors, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  if (request.talks) {
    posix_spawn_file_actions_adddup2(&actions, pipe, STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, pipe, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  if (!request.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, request.directory.c_str());
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> args = request.args;
  std::vector<std::string> environment;
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& [name, value] : request.environment) {
    if (name == "PATH") path = value;
    environment.push_back(name + "=" + value);
  }
  const std::string program = FindIn(path, args.front());
  const int code =
      posix_spawn(&pid, program.c_str(), &actions, &attributes, Pointers(args).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

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
  if (request.args.empty() || request.args.front().empty()) return UserError("the command is empty", "command");
  TRY_ASSIGN(const Pair pipe, Pair::Make());
  auto errors = Pair::Make();
  pid_t pid = -1;
  const int code = !errors ? EMFILE : Spawn(request, pipe.theirs, errors->theirs, pid);
  ::close(pipe.theirs);
  if (errors) ::close(errors->theirs);
  const int watch = code == 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1;
  if (code != 0 || watch < 0) {
    const int why = code != 0 ? code : errno;
    ::close(pipe.ours);
    if (errors) ::close(errors->ours);
    if (code == 0) {
      ::kill(-pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    return WorldError(fmt::format("cannot be started ({}); is it installed?", std::strerror(why)),
                      request.args.front());
  }
  ::fcntl(watch, F_SETFD, FD_CLOEXEC);
  return std::unique_ptr<Program>(new Program(loop, pid, watch, pipe.ours, errors->ours));
}

Program::Program(IoLoop& loop, int pid, int watch, int pipe, int errors)
    : loop_(loop),
      pid_(pid),
      watch_(watch),
      pipe_(std::make_unique<Socket>(loop, pipe)),
      errors_(std::make_unique<Socket>(loop, errors)) {
  loop_.Watch(watch_, EPOLLIN, [this](std::uint32_t) { Reap(); });
}

Program::~Program() {
  Kill();
  if (!ended_) {
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    loop_.Unwatch(watch_);
  }
  ::close(watch_);
}

void Program::Kill() {
  // The group outlives its leader as long as anybody is left in it.
  ::kill(-pid_, SIGKILL);
}

void Program::Reap() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
  ended_ = true;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  loop_.Unwatch(watch_);
  if (waiter_ != nullptr) waiter_->Wake();
}

Async<Expected<int>> Program::Ended(SteadyTime deadline) {
  if (ended_) co_return status_;
  Wait wait(loop_);
  bool late = false;
  struct Watching {
    IoLoop& loop;
    Wait*& place;
    IoLoop::TimerId timer;
    ~Watching() {
      loop.CancelTimer(timer);
      place = nullptr;
    }
  } const watching{loop_, waiter_, loop_.CallAt(deadline, [&wait, &late] {
                     late = true;
                     wait.Wake();
                   })};
  waiter_ = &wait;
  CO_TRY(co_await wait);
  if (!ended_ && late) co_return WorldError("did not end in time", "program");
  co_return status_;
}

bool ProcessRuns(int pid) {
  if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string stat((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_ends = stat.rfind(") ");  // the name may hold anything
  return name_ends == std::string::npos || stat[name_ends + 2] != 'Z';
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
