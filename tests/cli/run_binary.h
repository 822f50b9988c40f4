// The real binary, for tests of commands: run to its end, or killed at some moment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/system/process.h"

namespace xsweep {

/// The one that was built with the test, or the one that XSWEEP names.
inline std::string Binary() {
  const char* other = std::getenv("XSWEEP");
  return other == nullptr ? XSWEEP_BINARY_DIR "/xsweep" : other;
}
inline std::string StaticConfig() { return XSWEEP_SOURCE_DIR "/configs/airline_static_v1/run.yaml"; }

/// `xsweep` with these words; whatever it says is in the result.
inline ProcessResult Xsweep(std::vector<std::string> words) {
  words.insert(words.begin(), Binary());
  auto result = RunProcess({.args = std::move(words), .time_limit = std::chrono::minutes(4)});
  EXPECT_TRUE(result) << result.error().Text();
  return result ? std::move(*result) : ProcessResult{-1, "", ""};
}

/// Starts it and kills it after `delay`; true when it was still running then.
inline bool XsweepKilledAfter(std::vector<std::string> words, std::chrono::microseconds delay) {
  words.insert(words.begin(), Binary());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stdout) == nullptr || std::freopen("/dev/null", "w", stderr) == nullptr)
      ::_exit(126);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  std::this_thread::sleep_for(delay);  // the moment of the kill is what is being tested, nothing waits for it
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

inline std::string Slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A file of a run without what may differ between two runs of one config: their names and the time they started.
inline std::string WithoutNames(std::string text, const std::filesystem::path& run) {
  const std::string manifest = Slurp(run / "run.json");
  const auto at = manifest.find("\"timestamp_utc\": \"");
  for (const std::string& name : {run.filename().string(), manifest.substr(at + 18, 20)}) {
    for (std::size_t place = 0; (place = text.find(name)) != std::string::npos;) text.replace(place, name.size(), "*");
  }
  return text;
}

}  // namespace xsweep
