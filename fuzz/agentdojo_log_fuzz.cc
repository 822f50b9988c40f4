// Any bytes as a log of AgentDojo: refused, or read the same with and without its dialogue.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "foreign/agentdojo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto kept = xsweep::ReadAgentDojoLog(text, "fuzz", true);
  const auto bare = xsweep::ReadAgentDojoLog(text, "fuzz", false);
  CHECK(kept.has_value() == bare.has_value(), "a log is read only with or only without its dialogue");
  if (!kept) return 0;
  CHECK(kept->success == bare->success && kept->exposed == bare->exposed && kept->error == bare->error,
        "the dialogue changes what a log says");
  if (kept->dialogue) CHECK(xsweep::Transcript::FromJson(kept->dialogue->ToJson()).has_value(), "a transcript is none");
  return 0;
}
