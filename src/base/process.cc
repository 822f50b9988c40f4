// RunProcess: another program, run to its end without a shell.
// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for it

namespace xsweep {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() { Close(); }
  void Close() {
    if (value_ >= 0) close(value_);
    value_ = -1;
  }
  int get() const { return value_; }

 private:
  int value_ = -1;
};

std::unexpected<Error> Failed(const ProcessRequest& request, std::string_view what, int code) {
  return WorldError(fmt::format("{}: {}", what, std::strerror(code)), request.args.front());
}

/// A file in memory rather than a pipe: nothing to feed while the program runs, and no SIGPIPE when it does not read.
Expected<Descriptor> InputFile(const ProcessRequest& request) {
  Descriptor file(memfd_create("stdin", MFD_CLOEXEC));
  if (file.get() < 0) return Failed(request, "cannot prepare its input", errno);
  for (std::string_view rest = request.input; !rest.empty();) {
    const ssize_t wrote = write(file.get(), rest.data(), rest.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Failed(request, "cannot prepare its input", errno);
    rest.remove_prefix(static_cast<std::size_t>(wrote));
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

struct Pipe {
  Descriptor read, write;
};

Expected<Pipe> MakePipe(const ProcessRequest& request) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Failed(request, "cannot make a pipe", errno);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<std::string> EnvironmentOf(const ProcessRequest& request) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool replaced = std::ranges::any_of(
        request.environment, [&](const auto& given) { return text.substr(0, text.find('=')) == given.first; });
    if (!replaced) all.emplace_back(text);
  }
  for (const auto& [name, value] : request.environment) all.push_back(fmt::format("{}={}", name, value));
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// A group of its own, so that its children can be killed with it; default signals, nothing blocked.
Expected<pid_t> Spawn(const ProcessRequest& request, int in, int out, int err) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  if (!request.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, request.directory.c_str());
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> args = request.args;
  std::vector<std::string> environment = EnvironmentOf(request);
  pid_t pid = -1;
  const int code = posix_spawnp(&pid, args.front().c_str(), &actions, &attributes, Pointers(args).data(),
                                Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (code != 0) return Failed(request, "cannot be started; is it installed and in PATH?", code);
  return pid;
}

/// Appends what is there; false at the end of the stream.
bool Drain(int descriptor, std::string& text) {
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t got = read(descriptor, buffer.data(), buffer.size());
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

/// The child until it has been waited for: killed with its group when given up.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid), handle_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ < 0) return;
    kill(-pid_, SIGKILL);
    Wait();
  }
  int handle() const { return handle_.get(); }
  int Wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
  Descriptor handle_;
};

/// Reads both streams until the program has ended.
Status Collect(const ProcessRequest& request, Child& child, Pipe& out, Pipe& err, ProcessResult& result) {
  const auto deadline = Clock::now() + request.time_limit;
  std::array<pollfd, 3> watched{pollfd{child.handle(), POLLIN, 0}, pollfd{out.read.get(), POLLIN, 0},
                                pollfd{err.read.get(), POLLIN, 0}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0)
      return WorldError(fmt::format("took longer than {}", request.time_limit.count()) + " ms", request.args.front());
    const int ready = poll(watched.data(), watched.size(), static_cast<int>(std::min<std::int64_t>(left, 3'600'000)));
    if (ready < 0 && errno != EINTR) return Failed(request, "cannot wait for it", errno);
    if (ready <= 0) continue;
    // A stream that has ended would be ready for ever: poll ignores a negative descriptor.
    if (watched[1].revents != 0 && !Drain(out.read.get(), result.out)) watched[1].fd = -1;
    if (watched[2].revents != 0 && !Drain(err.read.get(), result.err)) watched[2].fd = -1;
    if (std::max(result.out.size(), result.err.size()) > request.output_limit) {
      return WorldError(fmt::format("printed more than {} bytes", request.output_limit), request.args.front());
    }
    if (watched[0].revents != 0) break;
  }
  Drain(out.read.get(), result.out);
  Drain(err.read.get(), result.err);
  return {};
}

bool IsExecutable(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

}  // namespace

Expected<ProcessResult> RunProcess(const ProcessRequest& request) {
  CHECK(!request.args.empty(), "a program has a name");
  TRY_ASSIGN(const Descriptor input, InputFile(request));
  TRY_ASSIGN(Pipe out, MakePipe(request));
  TRY_ASSIGN(Pipe err, MakePipe(request));
  TRY_ASSIGN(const pid_t pid, Spawn(request, input.get(), out.write.get(), err.write.get()));
  Child child(pid);
  if (child.handle() < 0) return Failed(request, "cannot watch it", errno);
  out.write.Close();
  err.write.Close();
  ProcessResult result;
  TRY(Collect(request, child, out, err, result));
  result.exit_code = child.Wait();
  return result;
}

bool HasProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return IsExecutable(name);
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path == nullptr ? "" : path; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (IsExecutable(std::string(rest.substr(0, end)) + "/" + name)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace xsweep
