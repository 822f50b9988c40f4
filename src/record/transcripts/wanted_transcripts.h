// WantedTranscripts: which transcripts the rows of a run's logs say that they have, until each has been seen.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace xsweep {

/// Memory: a bit for each trial planned, once a row has said that it has one; more only for later attempts.
class WantedTranscripts {
 public:
  explicit WantedTranscripts(std::uint64_t planned) : planned_(planned) {}

  /// What the trial's row says; a later word stands in place of an earlier one.
  void Set(std::uint64_t index, bool wants, std::uint32_t attempt);
  /// The transcript of that attempt is there.
  void Seen(std::uint64_t index, std::uint32_t attempt);
  /// No row has said that it has one.
  bool empty() const { return first_.empty(); }
  /// What nobody has seen; those with a first attempt in order. Not to be asked when empty.
  std::vector<std::uint64_t> Left() const;

  /// A trial with several rows: only a look at all of them says which one counts.
  void SetRepeated(std::uint64_t index) { repeated_.push_back(index); }
  /// In order, one of them perhaps several times.
  std::vector<std::uint64_t> Repeated() const;

 private:
  void Clear(std::uint64_t index);

  std::uint64_t planned_;
  std::vector<std::uint64_t> first_;                        ///< a bit for a first attempt
  std::unordered_map<std::uint64_t, std::uint32_t> later_;  ///< the number of a later one
  std::vector<std::uint64_t> repeated_;
};

}  // namespace xsweep
