// Whatever the fast scanner accepts as a row, the general reader reads the same way.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "analyze/trial_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace xsweep;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string padded = text + std::string(kScanPadding, '\0');
  TrialRow fast;
  const char* end = ScanTrialRow(padded.data(), fast);
  const std::string line = end == nullptr ? text : text.substr(0, static_cast<std::size_t>(end - padded.data()) - 1);
  Trial storage;
  const auto general = ParseAnyTrialRow(line, storage);
  if (end == nullptr) return 0;
  CHECK(general.has_value(), "the fast scanner takes what is no row");
  CHECK(fast.index == general->index && fast.cell == general->cell && fast.task == general->task &&
            fast.seed == general->seed && fast.trial == general->trial && fast.task_hash == general->task_hash &&
            fast.counts == general->counts,
        "the fast scanner reads a row differently");
  return 0;
}
