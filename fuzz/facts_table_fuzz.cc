// Any bytes as a table of facts: refused with a place, or every row is an episode with a task.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "foreign/python_literal.h"
#include "foreign/table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  xsweep::ForeignSource source;
  const auto read = xsweep::ReadFacts(text, "fuzz", source, [](xsweep::ForeignTrial&& trial) -> xsweep::Status {
    CHECK(!trial.task.empty(), "a row without a task was taken");
    CHECK(trial.arm.setting == xsweep::Setting::kAttacked || !trial.success, "nobody attacked and yet it succeeded");
    return {};
  });
  if (!read) CHECK(!read.error().where.empty(), "a fault without a place");
  if (const auto literal = xsweep::ParsePythonLiteral(text)) (void)literal->Dump();
  return 0;
}
