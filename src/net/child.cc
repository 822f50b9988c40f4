// Worker: another program that answers lines with lines.
// SPDX-License-Identifier: Apache-2.0
#include "net/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for it

namespace xsweep {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostBytes = std::size_t{64} << 20U;

/// Its stdin and stdout are one socket: sending to a dead worker is then an error code and no signal.
int Spawn(const std::vector<std::string>& args, int socket, int errors, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGTERM, SIGHUP}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> copies = args;
  std::vector<char*> pointers;
  pointers.reserve(copies.size() + 1);
  for (std::string& arg : copies) pointers.push_back(arg.data());
  pointers.push_back(nullptr);
  const int code = posix_spawnp(&pid, pointers[0], &actions, &attributes, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

}  // namespace

Expected<std::unique_ptr<Worker>> Worker::Start(const std::vector<std::string>& args) {
  if (args.empty() || args.front().empty()) return UserError("the worker's command is empty", "command");
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return WorldError(fmt::format("cannot make a socket: {}", std::strerror(errno)), args.front());
  const int errors = memfd_create("stderr", MFD_CLOEXEC);
  pid_t pid = -1;
  const int code = errors < 0 ? errno : Spawn(args, ends[1], errors, pid);
  close(ends[1]);
  if (code != 0) {
    close(ends[0]);
    if (errors >= 0) close(errors);
    return WorldError(fmt::format("cannot be started ({}); is it installed?", std::strerror(code)), args.front());
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return std::unique_ptr<Worker>(new Worker(ends[0], errors, pid, args.front()));
}

Worker::~Worker() {
  Stop();
  close(socket_);
  close(errors_);
}

void Worker::Stop() {
  if (pid_ <= 0) return;
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::string Worker::LastWords() const {
  std::array<char, 4096> tail;
  const off_t size = lseek(errors_, 0, SEEK_END);
  const ssize_t got =
      pread(errors_, tail.data(), tail.size(), std::max<off_t>(0, size - static_cast<off_t>(tail.size())));
  std::string last;
  for (const std::string& line :
       Split(std::string_view(tail.data(), got > 0 ? static_cast<std::size_t>(got) : 0), '\n')) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  }
  return Printable(last, 300);
}

std::unexpected<Error> Worker::GiveUp(std::string why) {
  Stop();
  const std::string said = LastWords();
  if (!said.empty()) why += "; it last said: " + said;
  return WorldError(std::move(why), name_);
}

Status Worker::AwaitReady(short events, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return GiveUp("the worker did not answer in time");
    pollfd watched{socket_, events, 0};
    const int ready = poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left, 3'600'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return GiveUp(fmt::format("cannot wait for the worker: {}", std::strerror(errno)));
  }
}

Status Worker::Send(std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      TRY(AwaitReady(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return GiveUp("the worker has died");
    }
  }
  return {};
}

Expected<std::string> Worker::Ask(std::string_view line, std::chrono::milliseconds time_limit) {
  if (!alive()) return WorldError("the worker is gone", name_);
  const auto deadline = Clock::now() + time_limit;
  TRY(Send(std::string(line) + "\n", deadline));
  std::array<char, 65536> buffer;
  while (true) {
    if (const auto end = unread_.find('\n'); end != std::string::npos) {
      std::string answer = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return answer;
    }
    if (unread_.size() > kMostBytes) return GiveUp("the worker answered more than 64 MB");
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      unread_.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      return GiveUp("the worker has died");
    } else {
      TRY(AwaitReady(POLLIN, deadline));
    }
  }
}

}  // namespace xsweep
