// Any bytes as a kept transcript: refused, or the same after writing and reading again.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "episode/transcript.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = xsweep::Json::Parse({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  const auto transcript = xsweep::Transcript::FromJson(*json);
  if (!transcript) return 0;
  const xsweep::Json written = transcript->ToJson();
  const auto again = xsweep::Transcript::FromJson(written);
  CHECK(again.has_value() && again->ToJson() == written, "a transcript changed when it was read again");
  return 0;
}
