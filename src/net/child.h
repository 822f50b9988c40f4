// Worker: another program that answers lines with lines, watched by a clock.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// Started without a shell in a process group of its own, which is killed when the object goes. For one thread at a
/// time.
class Worker {
 public:
  static Expected<std::unique_ptr<Worker>> Start(const std::vector<std::string>& args);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  /// Sends a line and waits for one. Fails with kWorld when the worker has died (with the last line it wrote to
  /// stderr), does not answer in time, or answers more than 64 MB; it is killed then and every later Ask fails.
  Expected<std::string> Ask(std::string_view line, std::chrono::milliseconds time_limit);
  bool alive() const { return pid_ > 0; }
  /// Kills it; every later Ask fails.
  void Stop();

 private:
  Worker(int socket, int errors, int pid, std::string name)
      : socket_(socket), errors_(errors), pid_(pid), name_(std::move(name)) {}
  Status Send(std::string_view bytes, std::chrono::steady_clock::time_point deadline);
  Status AwaitReady(short events, std::chrono::steady_clock::time_point deadline);
  std::unexpected<Error> GiveUp(std::string why);
  std::string LastWords() const;

  int socket_;
  int errors_;  ///< a file in memory that holds its stderr
  int pid_;
  std::string name_;
  std::string unread_;
};

}  // namespace xsweep
