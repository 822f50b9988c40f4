// OtlpTraces: a run's trials as OpenTelemetry traces with the attributes of the GenAI conventions.
//
// One trace a trial: a span `invoke_agent` and below it a span `execute_tool` for every call. Attributes of ours begin
// with `xsweep.`. A row keeps no clock: spans lie one microsecond apart, from the run's start on, in their true order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "base/error.h"
#include "foreign/writers/exported.h"
#include "foreign/writers/otlp.h"

namespace xsweep {

/// Makes batches of some hundred trials at most, as receivers take them, and hands each on.
class OtlpTraces {
 public:
  using Take = std::function<Status(const OtlpBatch&)>;
  /// `run` outlives it.
  OtlpTraces(const ExportedRun& run, Take take) : run_(run), take_(std::move(take)) {}
  Status Add(const ExportedCell& cell, const Trial& row, const Transcript* dialogue);
  /// Hands on what is left.
  Status Finish();

 private:
  const ExportedRun& run_;
  Take take_;
  OtlpBatch batch_;
  int trials_ = 0;
  std::size_t bytes_ = 0;  ///< of the texts in the batch, about
};

}  // namespace xsweep
