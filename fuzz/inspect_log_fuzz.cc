// Any bytes as a log of Inspect, archive or JSON: refused, or every sample is an episode.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>

#include "base/gzip.h"
#include "foreign/inspect.h"
#include "foreign/zip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 24U;
  if (const auto zip = xsweep::ZipReader::Open(bytes, "fuzz")) {
    for (const auto& entry : zip->entries()) {
      if (const auto text = zip->Read(entry, kLimit)) CHECK(text->size() == entry.size, "an entry has another size");
    }
  }
  (void)xsweep::Gunzip(bytes, "fuzz", kLimit);
  const std::string path = "/tmp/xsweep-fuzz-inspect-" + std::to_string(::getpid());
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(size));
  xsweep::ForeignSource source;
  xsweep::InspectFindings findings;
  (void)xsweep::ReadInspectLog(path, source, findings, [](xsweep::ForeignTrial&& trial) -> xsweep::Status {
    CHECK(!trial.task.empty() && trial.dialogue, "a sample is no episode");
    return {};
  });
  ::unlink(path.c_str());
  return 0;
}
