// What exporters are given: small things that several of them need.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/exported.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace xsweep {

std::string PublicName(const RunDesign& manifest) { return manifest.exp + "/" + manifest.run_id; }

std::string AgentModel(const RunDesign& manifest, const CellRecord& cell) {
  for (const auto& [path, value] : cell.axes) {
    if ((path == "model" || path == "models.agent.model") && value.is_string()) return value.AsString();
  }
  const auto agent = std::ranges::find(manifest.models, "agent", &ModelRecord::role);
  if (agent != manifest.models.end()) return agent->model;
  if (const auto model = manifest.imported.StringOr("model", ""); !model.empty()) return std::string(model);
  return "xsweep/" + (cell.agent.empty() ? std::string("agent") : cell.agent);
}

std::string ErrorText(const Trial& row) {
  return row.error_kind ? std::string(NameOf(*row.error_kind)) + ": " + row.error_message : std::string();
}

std::string WithOffset(const std::string& utc) {
  return utc.ends_with('Z') ? utc.substr(0, utc.size() - 1) + "+00:00" : utc;
}

std::int64_t UnixNanoseconds(const std::string& utc) {
  int year = 0, hour = 0, minute = 0, second = 0;
  unsigned month = 0, day = 0;
  if (std::sscanf(utc.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6) return 0;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return 0;
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                    std::chrono::seconds(second);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace xsweep
