// OtlpTraces: a run's trials as OpenTelemetry traces, OTLP/JSON with the attributes of the GenAI conventions.
//
// One trace a trial: a span `invoke_agent` and below it a span `execute_tool` for every call. Attributes of ours begin
// with `xsweep.`. A row keeps no clock: spans lie one microsecond apart, from the run's start on, in their true order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/files.h"
#include "foreign/writers/exported.h"

namespace xsweep {

/// The conventions' version whose names are used; stands in every line as `schemaUrl`.
inline constexpr std::string_view kOtlpSchema = "https://opentelemetry.io/schemas/1.37.0";

/// Writes lines, each a whole ExportTraceServiceRequest, as a collector's file exporter does.
class OtlpTraces {
 public:
  OtlpTraces(AtomicFile& file, const ExportedRun& run) : file_(file), run_(run) {}
  Status Add(const ExportedCell& cell, const Trial& row, const Transcript* dialogue);
  /// Writes what is left.
  Status Finish();

 private:
  AtomicFile& file_;
  const ExportedRun& run_;
  std::string spans_;
  int trials_ = 0;
};

}  // namespace xsweep
