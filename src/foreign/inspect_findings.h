// What Inspect's logs say against their own numbers: replies that are none, samples that are not there or do not count.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace xsweep {

/// What was noticed while logs were read, over all of them.
struct InspectFindings {
  std::vector<std::string> notes, warnings;     ///< of single logs
  std::map<std::string, std::uint64_t> limits;  ///< samples that one of their own limits ended, by its kind
  std::set<std::string> uuids;                  ///< of samples
  std::uint64_t copies = 0;  ///< samples that an earlier log holds as well: a retried run takes them over

  /// All of it as sentences.
  std::vector<std::string> Notes() const;
};

/// Why a sample decides nothing whatever its scores say: it was declared invalid, or an operator ended it. Else empty.
std::string WhyVoid(const Json& sample);
/// Why the agent's last reply is no answer: there is none, it is empty, cut off by length, filtered, or its model
/// failed. Empty where it is one, and where the log keeps no messages.
std::string WhyUnanswered(const Json& sample);
/// Notes what the log itself (header.json, or a whole .json log) says against its numbers, `samples` being those that
/// are in it.
void FindInHeader(const Json& header, std::uint64_t samples, const std::string& where, InspectFindings& findings);

}  // namespace xsweep
