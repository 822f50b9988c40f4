// Any bytes as results of tau-bench or tau2: refused with a place, or every episode has a task and a dialogue.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>

#include "foreign/tau.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string path = "/tmp/xsweep-fuzz-tau-" + std::to_string(::getpid());
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  if (const auto file = xsweep::TauFile::Open(path)) {
    CHECK(file->size() > 0, "a file without episodes was taken");
    const auto read = file->ForEach([](xsweep::ForeignTrial&& trial) -> xsweep::Status {
      CHECK(!trial.task.empty() && trial.dialogue, "an episode is none");
      CHECK(!trial.error.empty() || trial.reward, "neither an error nor a reward");
      return {};
    });
    if (!read) CHECK(!read.error().where.empty(), "a fault without a place");
  }
  ::unlink(path.c_str());
  return 0;
}
