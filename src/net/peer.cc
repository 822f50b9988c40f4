// LinePeer: another program that says lines whenever it likes.
// SPDX-License-Identifier: Apache-2.0
#include "net/peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 14> kNeeded = {"PATH",   "HOME",        "LANG",       "LANGUAGE", "TMPDIR",
                                                      "TERM",   "USER",        "LOGNAME",    "TZ",       "SHELL",
                                                      "LC_ALL", "VIRTUAL_ENV", "PYENV_ROOT", "NODE_PATH"};

/// What a program needs to start at all, or all that we have.
std::vector<std::string> EnvironmentOf(const PeerSettings& settings) {
  return EnvironmentWith(settings.environment, [&](std::string_view name) {
    return settings.inherit_environment || std::ranges::find(kNeeded, name) != kNeeded.end();
  });
}

}  // namespace

Expected<std::unique_ptr<LinePeer>> LinePeer::Start(const PeerSettings& settings, OnLine on_line, OnEnd on_end) {
  if (settings.command.empty() || settings.command.front().empty()) return UserError("the command is empty", "command");
  // Its stdin and stdout are one socket.
  TRY_ASSIGN(StreamPair pipe, StreamPair::Make());
  Ends ends{std::move(pipe.ours), Descriptor(memfd_create("stderr", MFD_CLOEXEC)),
            Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))};
  if (ends.errors.get() < 0 || ends.wake.get() < 0) {
    return WorldError(fmt::format("cannot be started ({})", std::strerror(errno)), settings.command.front());
  }
  TRY_ASSIGN(Child child, Child::Start({.args = settings.command,
                                        .directory = settings.directory,
                                        .environment = EnvironmentOf(settings),
                                        .in = pipe.theirs.get(),
                                        .out = pipe.theirs.get(),
                                        .err = ends.errors.get()}));
  fcntl(ends.socket.get(), F_SETFL, O_NONBLOCK);
  return std::unique_ptr<LinePeer>(
      new LinePeer(settings, std::move(ends), std::move(child), std::move(on_line), std::move(on_end)));
}

LinePeer::LinePeer(const PeerSettings& settings, Ends ends, Child child, OnLine on_line, OnEnd on_end)
    : name_(settings.command.front()),
      longest_line_(settings.longest_line),
      ends_(std::move(ends)),
      child_(std::move(child)),
      on_line_(std::move(on_line)),
      on_end_(std::move(on_end)),
      thread_([this] { Work(); }) {}

LinePeer::~LinePeer() {
  shutdown(ends_.socket.get(), SHUT_WR);
  Stop("it is no longer needed");
  thread_.join();
  // A well-behaved program ends when its stdin does; what is left of its group does not outlive it for long.
  pollfd watched{child_.handle(), POLLIN, 0};
  poll(&watched, 1, 300);
  child_.Kill();
}

void LinePeer::Wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(ends_.wake.get(), &one, sizeof one);
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
    std::array<pollfd, 2> watched{pollfd{ends_.socket.get(), POLLIN, 0}, pollfd{ends_.wake.get(), POLLIN, 0}};
    if (!writing_.empty()) watched[0].events |= POLLOUT;
    if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return End("it cannot be waited for");
    if ((watched[1].revents & POLLIN) != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = read(ends_.wake.get(), &count, sizeof count);
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
    const ssize_t sent = send(ends_.socket.get(), writing_.data(), writing_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    writing_.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

// False when it has ended.
bool LinePeer::Read(std::string& unread) {
  std::array<char, 65536> buffer;
  const ssize_t got = recv(ends_.socket.get(), buffer.data(), buffer.size(), 0);
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
  const off_t size = lseek(ends_.errors.get(), 0, SEEK_END);
  const ssize_t got =
      pread(ends_.errors.get(), tail.data(), tail.size(), std::max<off_t>(0, size - static_cast<off_t>(tail.size())));
  std::string last;
  for (const std::string& line :
       Split(std::string_view(tail.data(), got > 0 ? static_cast<std::size_t>(got) : 0), '\n')) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  }
  return Printable(last, 300);
}

void LinePeer::End(std::string why) {
  alive_ = false;
  if (why == "it has died") child_.Kill();
  const std::string said = LastWords();
  if (!said.empty()) why += "; it last said: " + said;
  on_end_({ErrorKind::kWorld, std::move(why), name_});
}

}  // namespace xsweep
