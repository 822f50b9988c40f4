// RecordedReplay: recorded calls played again on our own environment, and how far both agree.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "episode/catalog.h"
#include "foreign/facts.h"

namespace xsweep {

struct ReplayAgreement {
  std::uint64_t calls = 0;
  std::uint64_t same = 0;                       ///< observations that are equal to the byte
  std::map<std::string, std::uint64_t> causes;  ///< of those that are not
  std::uint64_t graded = 0;                     ///< episodes graded on both sides
  std::uint64_t same_reward = 0;
  std::uint64_t unknown_tools = 0;  ///< calls of tools that the environment has not

  /// For people: two lines and one for each cause.
  std::string Text() const;
};

/// Plays the episode's calls on a fork for the task at `place`, adds their effects to its dialogue (which it must have)
/// and counts what agrees. A reward between 0 and 1 is no verdict that could agree.
Status ReplayEpisode(const EnvironmentSource& environment, std::size_t place, ForeignTrial& episode,
                     ReplayAgreement& agreement);

/// Why two observations differ, in a few words: "get_user_details: only the recording has address.province".
std::string DifferenceCause(const std::string& tool, const std::string& recorded, const std::string& ours);

}  // namespace xsweep
