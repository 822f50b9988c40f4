// Any bytes as a recording: an error, or a recording that answers or explains a miss, never a crash.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "models/recordings/exchange.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace xsweep;
  const auto recording = Recording::FromText(std::string(reinterpret_cast<const char*>(data), size), "fuzz");
  if (!recording) return 0;
  ModelRequest request;
  request.system = "Follow the policy.";
  for (std::uint32_t turn = 0; turn < 3; ++turn) {
    request.messages.emplace_back().text = "hello";
    request.identity = {"base", "7", 41, 0, Role::kAgent, turn};
    static_cast<void>((*recording)->Find(request.identity, RequestText(Json::MakeObject(), request)));
  }
  return 0;
}
