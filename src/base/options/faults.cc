// Faults: everything that is wrong with a config.
// SPDX-License-Identifier: Apache-2.0
#include "base/options/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"

namespace xsweep {

std::uint32_t Faults::AddSource(std::string flag) {
  sources_.push_back(std::move(flag));
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

void Faults::Add(Mark at, std::string message) { faults_.push_back({at, std::move(message)}); }

std::vector<std::string> Faults::Messages() const {
  std::vector<std::string> messages;
  messages.reserve(faults_.size());
  for (const Fault& fault : faults_) messages.push_back(fault.message);
  return messages;
}

Error Faults::ToError() const {
  std::vector<Fault> sorted = faults_;
  std::ranges::sort(sorted, {}, [](const Fault& fault) { return std::tie(fault.at, fault.message); });
  std::vector<std::string> lines;
  for (const Fault& fault : sorted) {
    const std::string& source = sources_[fault.at.source];
    std::string line = fault.at.source != 0
                           ? fmt::format("{}: {}", source, fault.message)
                           : fmt::format("{}:{}:{}: {}", source, fault.at.line, fault.at.column, fault.message);
    if (lines.empty() || lines.back() != line) lines.push_back(std::move(line));
  }
  if (lines.size() > kMostShown) {
    const std::size_t more = lines.size() - kMostShown;
    lines.resize(kMostShown);
    lines.push_back(fmt::format("{}: and {} more faults", sources_[0], WithThousands(more)));
  }
  return Error{ErrorKind::kUser, Join(lines, "\n"), ""};
}

}  // namespace xsweep
