// RunProcess: another program, run to its end without a shell.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/system/spawn.h"

namespace xsweep {
namespace {

using Clock = std::chrono::steady_clock;

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

/// Starts it on the given ends of its streams.
Expected<Child> Start(const ProcessRequest& request, int in, int out, int err) {
  return Child::Start({.args = request.args,
                       .directory = request.directory,
                       .environment = EnvironmentWith(request.environment),
                       .in = in,
                       .out = out,
                       .err = err});
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

}  // namespace

Expected<ProcessResult> RunProcess(const ProcessRequest& request) {
  CHECK(!request.args.empty(), "a program has a name");
  TRY_ASSIGN(const Descriptor input, InputFile(request));
  TRY_ASSIGN(Pipe out, MakePipe(request));
  TRY_ASSIGN(Pipe err, MakePipe(request));
  TRY_ASSIGN(Child child, Start(request, input.get(), out.write.get(), err.write.get()));
  out.write.Close();
  err.write.Close();
  ProcessResult result;
  TRY(Collect(request, child, out, err, result));
  const int status = child.Wait();
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

bool HasProgram(const std::string& name) {
  const char* path = std::getenv("PATH");
  const std::string found = FindProgram(name, path == nullptr ? "" : path);
  return !found.empty() && access(found.c_str(), X_OK) == 0;
}

}  // namespace xsweep
