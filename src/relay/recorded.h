// RecordedAsks: what a recording has of the requests of one trial's agent, so that a second run asks the same.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "episode/model.h"
#include "relay/wires/ask.h"

namespace xsweep {

class RecordedAsks {
 public:
  /// `private_words` are the trial's own, which a second run has not: its address, its directory.
  RecordedAsks(CallIdentity identity, std::vector<std::string> private_words);
  /// A path also as one client writes it that names folders after paths: with a dash for each slash.
  void Hide(std::string word);
  /// The next request, under its number. The texts without private words, and without the times that one client writes
  /// before results.
  ModelRequest Next(const ModelAsk& ask);

 private:
  std::string Plain(std::string text) const;

  CallIdentity identity_;
  std::vector<std::string> private_words_;
};

}  // namespace xsweep
