// WantedTranscripts: which transcripts the rows of a run's logs say that they have, until each has been seen.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/wanted_transcripts.h"

#include <algorithm>

namespace xsweep {
namespace {

std::uint64_t BitOf(std::uint64_t index) { return std::uint64_t{1} << (index % 64); }

}  // namespace

void WantedTranscripts::Set(std::uint64_t index, bool wants, std::uint32_t attempt) {
  if (wants && first_.empty()) first_.assign(planned_ / 64 + 1, 0);
  if (first_.empty()) return;
  Clear(index);
  if (wants && attempt == 0) first_[index / 64] |= BitOf(index);
  if (wants && attempt > 0) later_[index] = attempt;
}

void WantedTranscripts::Seen(std::uint64_t index, std::uint32_t attempt) {
  if (index >= planned_) return;
  const auto found = later_.find(index);
  if (found != later_.end() ? found->second == attempt : attempt == 0) Clear(index);
}

void WantedTranscripts::Clear(std::uint64_t index) {
  first_[index / 64] &= ~BitOf(index);
  if (!later_.empty()) later_.erase(index);
}

std::vector<std::uint64_t> WantedTranscripts::Left() const {
  std::vector<std::uint64_t> left;
  for (std::uint64_t index = 0; index < planned_; ++index) {
    if (first_[index / 64] == 0) {
      index |= 63U;  // on to the next word
    } else if ((first_[index / 64] & BitOf(index)) != 0) {
      left.push_back(index);
    }
  }
  for (const auto& [index, attempt] : later_) left.push_back(index);
  return left;
}

std::vector<std::uint64_t> WantedTranscripts::Repeated() const {
  std::vector<std::uint64_t> sorted = repeated_;
  std::ranges::sort(sorted);
  return sorted;
}

}  // namespace xsweep
