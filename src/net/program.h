// Program: another program that runs beside the loop: started without a shell in a process group of its own, heard and
// awaited by coroutines, and gone with all that it started when the object goes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/system/spawn.h"
#include "net/io_loop.h"
#include "net/socket.h"

namespace xsweep {

struct ProgramRequest {
  std::vector<std::string> args;  ///< the program, looked up in PATH of `environment`, and its arguments
  std::string directory = {};     ///< where it runs; empty: here
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< all that it gets
  bool talks = false;  ///< its standard input is ours to write; otherwise it reads nothing at all
};

/// Belongs to the thread of its loop. What it starts and leaves behind in its group is killed with it; what leaves the
/// group is found by KillMarked.
class Program {
 public:
  static Expected<std::unique_ptr<Program>> Start(IoLoop& loop, const ProgramRequest& request);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Its standard output, and its standard input where it talks.
  Socket& pipe() { return *pipe_; }
  Socket& errors() { return *errors_; }

  /// Waits until it has ended; its exit code, or minus the signal that ended it. kWorld when it has not until then.
  Async<Expected<int>> Ended(SteadyTime deadline);
  /// Kills its group. Ended says so soon after.
  void Kill();

 private:
  Program(IoLoop& loop, Child child, Descriptor pipe, Descriptor errors);
  void Reap();

  IoLoop& loop_;
  Child child_;
  int status_ = 0;
  bool ended_ = false;
  Wait* waiter_ = nullptr;
  std::unique_ptr<Socket> pipe_;
  std::unique_ptr<Socket> errors_;
};

/// Kills every process of ours whose environment holds NAME=VALUE: what a program started and let out of its group.
/// Returns how many there were.
int KillMarked(std::string_view name, std::string_view value);
/// The same for every process that is marked NAME=PID:... where no process PID is left: what a killed run has left.
int KillOrphans(std::string_view name);

}  // namespace xsweep
