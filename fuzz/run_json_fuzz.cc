// Hostile run.json: reading it never crashes, and what is read can be written and read again unchanged.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "record/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = xsweep::Json::Parse({reinterpret_cast<const char*>(data), size}, "run.json");
  if (!json) return 0;
  const auto manifest = xsweep::Manifest::FromJson(*json, "run.json");
  if (!manifest) return 0;
  CHECK(manifest->run_id.find('/') == std::string::npos, "a run id that leaves the results directory");
  const auto again = xsweep::Manifest::FromJson(manifest->ToJson(), "run.json");
  CHECK(again && again->ToJson() == manifest->ToJson(), "a manifest changes when it is written and read");
  return 0;
}
