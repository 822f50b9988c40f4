// Payload matching: whether what an attacker planted stands in a text.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/payload_match.h"

#include <string.h>

#include <algorithm>
#include <array>

namespace xsweep {
namespace {

constexpr std::array<bool, 256> kKept = [] {
  std::array<bool, 256> kept{};
  for (int c = 0; c < 256; ++c)
    kept[static_cast<std::size_t>(c)] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return kept;
}();

}  // namespace

void AppendLettersAndDigits(std::string_view text, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + text.size());
  char* to = out.data() + start;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() && std::string_view("ntr\"\\").find(text[i + 1]) != std::string_view::npos) {
      ++i;
      continue;
    }
    *to = c;
    to += kKept[static_cast<unsigned char>(c)] ? 1 : 0;
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

bool HoldsAny(std::string_view text, const std::vector<std::string>& payloads) {
  return std::ranges::any_of(payloads, [&](const std::string& payload) {
    // A search by first letters stops at every word of a long text.
    return !payload.empty() && ::memmem(text.data(), text.size(), payload.data(), payload.size()) != nullptr;
  });
}

void MarkInjected(const std::vector<std::string>& payloads, Transcript& transcript) {
  std::string seen;
  for (Step& step : transcript.steps) {
    if (step.kind != StepKind::kTool) continue;
    seen.clear();
    AppendLettersAndDigits(step.shown, seen);
    step.injected = HoldsAny(seen, payloads);
  }
}

}  // namespace xsweep
