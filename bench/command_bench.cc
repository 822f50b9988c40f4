// Runs a command several times and prints the medians that a person would feel: wall time, CPU time, peak memory.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

namespace {

struct Cost {
  double wall_s = 0;
  double cpu_s = 0;    ///< of the command and the processes that it waited for
  double peak_mb = 0;  ///< of the largest of them
};

double Seconds(timeval time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); }

/// Empty when the command could not be started or failed. What it prints goes to /dev/null, errors aside.
std::optional<Cost> RunOnce(char** command) {
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    execvp(command[0], command);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return {};
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  return Cost{wall.count(), Seconds(usage.ru_utime) + Seconds(usage.ru_stime),
              static_cast<double>(usage.ru_maxrss) / 1024};
}

double Median(const std::vector<Cost>& costs, double Cost::* part) {
  std::vector<double> values;
  for (const Cost& cost : costs) values.push_back(cost.*part);
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int times = argc > 2 ? std::atoi(argv[1]) : 0;
  if (times < 1) {
    fmt::print(stderr, "usage: command_bench TIMES COMMAND [ARGUMENT...]\nprints: wall_s cpu_s peak_mb\n");
    return 2;
  }
  std::vector<Cost> costs;
  for (int i = 0; i < times; ++i) {
    const auto cost = RunOnce(argv + 2);
    if (!cost) {
      fmt::print(stderr, "{} failed\n", argv[2]);
      return 4;
    }
    costs.push_back(*cost);
  }
  fmt::print("{:.6f} {:.6f} {:.1f}\n", Median(costs, &Cost::wall_s), Median(costs, &Cost::cpu_s),
             Median(costs, &Cost::peak_mb));
}
