// LinePeer: another program that says lines whenever it likes.
// SPDX-License-Identifier: Apache-2.0
#include "net/peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for it

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 14> kNeeded = {"PATH",   "HOME",        "LANG",       "LANGUAGE", "TMPDIR",
                                                      "TERM",   "USER",        "LOGNAME",    "TZ",       "SHELL",
                                                      "LC_ALL", "VIRTUAL_ENV", "PYENV_ROOT", "NODE_PATH"};

std::vector<std::string> EnvironmentOf(const PeerSettings& settings) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool given = std::ranges::any_of(settings.environment, [&](const auto& one) { return one.first == name; });
    const bool needed = settings.inherit_environment || std::ranges::find(kNeeded, name) != kNeeded.end();
    if (needed && !given) all.emplace_back(text);
  }
  for (const auto& [name, value] : settings.environment) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Its stdin and stdout are one socket: sending to a dead peer is then an error code and no signal.
int Spawn(const PeerSettings& settings, int socket, int errors, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  if (!settings.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, settings.directory.c_str());
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
  std::vector<std::string> args = settings.command;
  std::vector<std::string> environment = EnvironmentOf(settings);
  const int code =
      posix_spawnp(&pid, args[0].c_str(), &actions, &attributes, Pointers(args).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

}  // namespace

Expected<std::unique_ptr<LinePeer>> LinePeer::Start(const PeerSettings& settings, OnLine on_line, OnEnd on_end) {
  if (settings.command.empty() || settings.command.front().empty()) return UserError("the command is empty", "command");
  const std::string& name = settings.command.front();
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return WorldError(fmt::format("cannot make a socket: {}", std::strerror(errno)), name);
  }
  const int errors = memfd_create("stderr", MFD_CLOEXEC);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  pid_t pid = -1;
  const int code = errors < 0 || wake < 0 ? errno : Spawn(settings, ends[1], errors, pid);
  close(ends[1]);
  if (code != 0) {
    for (const int descriptor : {ends[0], errors, wake}) {
      if (descriptor >= 0) close(descriptor);
    }
    return WorldError(fmt::format("cannot be started ({}); is it installed?", std::strerror(code)), name);
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return std::unique_ptr<LinePeer>(
      new LinePeer(settings, ends[0], errors, wake, pid, std::move(on_line), std::move(on_end)));
}

LinePeer::LinePeer(const PeerSettings& settings, int socket, int errors, int wake, int pid, OnLine on_line,
                   OnEnd on_end)
    : name_(settings.command.front()),
      longest_line_(settings.longest_line),
      socket_(socket),
      errors_(errors),
      wake_(wake),
      pid_(pid),
      on_line_(std::move(on_line)),
      on_end_(std::move(on_end)),
      thread_([this] { Work(); }) {}

LinePeer::~LinePeer() {
  shutdown(socket_, SHUT_WR);
  Stop("it is no longer needed");
  thread_.join();
  // A well-behaved program ends when its stdin does; what is left of its group does not outlive it for long.
  for (int i = 0; i < 30 && waitpid(pid_, nullptr, WNOHANG) == 0; ++i) poll(nullptr, 0, 10);
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  close(socket_);
  close(errors_);
  close(wake_);
}

void LinePeer::Wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

void LinePeer::Send(std::string_view line) {
  const std::lock_guard lock(mutex_);
  to_write_.append(line).append("\n");
  Wake();
}

void LinePeer::Stop(std::string why) {
  const std::lock_guard lock(mutex_);
  if (stop_) return;
  stop_ = true;
  stop_why_ = std::move(why);
  Wake();
}

void LinePeer::Work() {
  std::string unread;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stop_) break;
      writing_ += std::exchange(to_write_, {});
    }
    if (!Write()) return End("it has died");
    std::array<pollfd, 2> watched{pollfd{socket_, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
    if (!writing_.empty()) watched[0].events |= POLLOUT;
    if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return End("it cannot be waited for");
    if ((watched[1].revents & POLLIN) != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = read(wake_, &count, sizeof count);
    }
    if ((watched[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !Read(unread)) return;
  }
  std::string why;
  {
    const std::lock_guard lock(mutex_);
    why = stop_why_;
  }
  // Not under the lock: whoever hears of the end holds locks of its own, under which others are sending.
  End(std::move(why));
}

bool LinePeer::Write() {
  while (!writing_.empty()) {
    const ssize_t sent = send(socket_, writing_.data(), writing_.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      writing_.erase(0, static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      return true;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// False when it has ended.
bool LinePeer::Read(std::string& unread) {
  std::array<char, 65536> buffer;
  const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) return End("it has died"), false;
  std::size_t from = unread.size();
  unread.append(buffer.data(), static_cast<std::size_t>(got));
  std::size_t begin = 0;
  for (std::size_t end = unread.find('\n', from); end != std::string::npos; end = unread.find('\n', begin)) {
    if (!on_line_(std::string_view(unread).substr(begin, end - begin)))
      return End("it does not keep to the protocol"), false;
    begin = end + 1;
  }
  unread.erase(0, begin);
  if (unread.size() > longest_line_)
    return End(fmt::format("it said more than {} MB in one line", longest_line_ >> 20U)), false;
  return true;
}

std::string LinePeer::LastWords() const {
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

void LinePeer::End(std::string why) {
  alive_ = false;
  if (why == "it has died") kill(-pid_, SIGKILL);
  const std::string said = LastWords();
  if (!said.empty()) why += "; it last said: " + said;
  on_end_({ErrorKind::kWorld, std::move(why), name_});
}

}  // namespace xsweep
