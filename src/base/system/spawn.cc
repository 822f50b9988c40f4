// Spawn: posix_spawn with everything said that a child would otherwise inherit.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/spawn.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for it

namespace xsweep {
namespace {

bool MayBeRun(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

using AddDirectory = int (*)(posix_spawn_file_actions_t*, const char*);

/// Of glibc 2.29 and later; none before. Looked up at run time, so that a build for an older glibc uses it where it is.
AddDirectory FindAddDirectory() {
  static const auto found =
      reinterpret_cast<AddDirectory>(::dlsym(RTLD_DEFAULT, "posix_spawn_file_actions_addchdir_np"));
  return found;
}

/// What the child does between fork and exec.
class Actions {
 public:
  explicit Actions(const SpawnRequest& request) {
    posix_spawn_file_actions_init(&actions_);
    if (request.in < 0) posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (request.in >= 0) posix_spawn_file_actions_adddup2(&actions_, request.in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, request.out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, request.err, STDERR_FILENO);
    if (!request.directory.empty()) FindAddDirectory()(&actions_, request.directory.c_str());
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// A group of its own, so that its children can be killed with it; default signals, nothing blocked: an ignored signal
/// (our SIGPIPE) would stay ignored behind exec.
class Attributes {
 public:
  Attributes() {
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (const int signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP}) sigaddset(&defaults, signal);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// posix_spawnp would look in our PATH; the program's own is what counts.
std::string_view PathOf(const SpawnRequest& request) {
  constexpr std::string_view kName = "PATH=";
  for (const std::string& entry : request.environment) {
    if (entry.starts_with(kName)) return std::string_view(entry).substr(kName.size());
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

/// 0, or why not.
int Spawn(const SpawnRequest& request, pid_t& pid) {
  const std::string program = FindProgram(request.args.front(), PathOf(request));
  if (program.empty()) return ENOENT;
  if (!request.directory.empty() && FindAddDirectory() == nullptr) return Spawn(ThroughShell(request), pid);
  const Actions actions(request);
  const Attributes attributes;
  std::vector<std::string> args = request.args;
  std::vector<std::string> environment = request.environment;
  return posix_spawn(&pid, program.c_str(), actions.get(), attributes.get(), Pointers(args).data(),
                     Pointers(environment).data());
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

void Descriptor::Close() {
  if (value_ >= 0) ::close(value_);
  value_ = -1;
}

Expected<StreamPair> StreamPair::Make() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return WorldError(fmt::format("cannot make a socket: {}", std::strerror(errno)));
  return StreamPair{Descriptor(ends[0]), Descriptor(ends[1])};
}

SpawnRequest ThroughShell(SpawnRequest request) {
  std::vector<std::string> args = {"/bin/sh", "-c", R"(cd -- "$0" && exec "$@")", std::move(request.directory)};
  args.insert(args.end(), request.args.begin(), request.args.end());
  request.args = std::move(args);
  request.directory.clear();
  return request;
}

Expected<Child> Child::Start(const SpawnRequest& request) {
  if (request.args.empty() || request.args.front().empty()) return UserError("the command is empty", "command");
  pid_t pid = -1;
  int code = Spawn(request, pid);
  Descriptor handle;
  if (code == 0) {
    handle = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // closes on exec by itself
    if (handle.get() < 0) {
      code = errno;
      ::kill(-pid, SIGKILL);
      WaitFor(pid);
    }
  }
  if (code == ENOSYS)
    return WorldError("starting programs needs Linux 5.3 or newer (pidfd_open)", request.args.front());
  if (code != 0) {
    return WorldError(fmt::format("cannot be started ({}); is it installed?", std::strerror(code)),
                      request.args.front());
  }
  return Child(pid, std::move(handle));
}

Child::~Child() {
  if (ended_) return;
  Kill();
  Wait();
}

void Child::Kill() const { ::kill(-pid_, SIGKILL); }

bool Child::HasEnded(int& status) {
  ended_ = ended_ || ::waitpid(pid_, &status, WNOHANG) == pid_;
  return ended_;
}

int Child::Wait() {
  ended_ = true;
  return WaitFor(pid_);
}

bool ProcessRuns(int pid) {
  if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string stat((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_ends = stat.rfind(") ");  // the name may hold anything
  return name_ends == std::string::npos || stat[name_ends + 2] != 'Z';
}

std::vector<std::string> EnvironmentWith(const Variables& more,
                                         const std::function<bool(std::string_view name)>& passes) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool given = std::ranges::any_of(more, [&](const auto& one) { return one.first == name; });
    if (!given && (!passes || passes(name))) all.emplace_back(text);
  }
  for (const auto& [name, value] : more) all.push_back(fmt::format("{}={}", name, value));
  return all;
}

std::string FindProgram(const std::string& name, std::string_view path) {
  if (name.find('/') != std::string::npos) return name;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    std::string candidate = std::string(path.substr(0, end)) + "/" + name;
    if (MayBeRun(candidate)) return candidate;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return {};
}

}  // namespace xsweep
