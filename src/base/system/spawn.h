// Spawn: the one way in which other programs are started, and who owns them until they have been waited for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// Owns a file descriptor and closes it.
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
  void Close();
  /// Hands it over: whoever takes it closes it.
  int Release() { return std::exchange(value_, -1); }
  int get() const { return value_; }

 private:
  int value_ = -1;
};

/// A socket between us and a program: writing to a dead one is then an error code and no signal.
struct StreamPair {
  Descriptor ours, theirs;
  static Expected<StreamPair> Make();
};

struct SpawnRequest {
  std::vector<std::string> args;         ///< the program, looked up in PATH of `environment`; no shell sees them
  std::string directory = {};            ///< where it runs; empty: here
  std::vector<std::string> environment;  ///< NAME=VALUE, all that it gets
  int in = -1;                           ///< its standard input; -1: there is nothing to read
  int out = -1;
  int err = -1;
};

/// The same program in the same place where posix_spawn cannot change the directory (glibc before 2.29): a shell goes
/// there and becomes the program, which gets the variables that some shells add (PWD, SHLVL). Arguments stay what they
/// are.
SpawnRequest ThroughShell(SpawnRequest request);

/// A program in a process group of its own, with default signals, until it has been waited for. When given up before,
/// it is killed with its group. For one thread at a time.
class Child {
 public:
  /// Fails with kWorld, naming the program, when it cannot be started.
  static Expected<Child> Start(const SpawnRequest& request);
  Child(Child&& other) noexcept
      : pid_(other.pid_), ended_(std::exchange(other.ended_, true)), handle_(std::move(other.handle_)) {}
  Child& operator=(Child&&) = delete;
  ~Child();

  int pid() const { return pid_; }
  /// A pidfd: readable once it has ended.
  int handle() const { return handle_.get(); }
  /// Kills its group, which outlives its leader as long as anybody is left in it.
  void Kill() const;
  /// Whether it has ended; then `status` is what waitpid said. Does not wait.
  bool HasEnded(int& status);
  /// Waits; returns what waitpid said.
  int Wait();

 private:
  Child(int pid, Descriptor handle) : pid_(pid), handle_(std::move(handle)) {}
  int pid_;
  bool ended_ = false;
  Descriptor handle_;
};

/// Whether a process of that number runs; one that has ended and that nobody has asked after does not.
bool ProcessRuns(int pid);

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Those variables of our own environment whose names `passes` lets through, and `more` in their place or beside them.
std::vector<std::string> EnvironmentWith(const Variables& more,
                                         const std::function<bool(std::string_view name)>& passes = {});

/// The file that `name` means where PATH is `path`; empty when there is none that may be run. A name with a slash is
/// that file.
std::string FindProgram(const std::string& name, std::string_view path);

}  // namespace xsweep
