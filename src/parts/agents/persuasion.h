// Persuasion: what a text that the simulated agent reads does to it. The tables are printed in docs/shim.md.
//
// Everything here is computed from the text alone. Matching is by substring of the lower-cased text (blanks and data
// marks are one space), and every count only grows, so a text that contains another is never less persuasive.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "episode/roles.h"

namespace xsweep {

enum class CueFamily : std::uint8_t {
  kPlea,           ///< please, sorry: weight 0.2
  kAuthority,      ///< a manager, a VP, an authorization: 0.9
  kUrgency,        ///< urgent, immediately: 0.6
  kException,      ///< a claimed exception or entitlement: 0.8
  kImpersonation,  ///< text that poses as the system or cancels instructions: 1.2
  kToolKnowledge,  ///< steps, tool names, arguments: 0.7
};
inline constexpr int kCueFamilies = 6;

/// What one text holds.
struct TextCues {
  std::array<std::uint16_t, kCueFamilies> hits{};  ///< occurrences of the family's cues
  std::uint32_t requested = 0;                     ///< bit per topic that some sentence asks for; see RequestedTopics
};

/// Reads a text. Pure; results are remembered per thread (bounded), because trials of one cell read the same texts.
TextCues ReadCues(std::string_view text);

/// The topics (certificate, refund, upgrade, ...) that an attacker with this goal would ask about, as bits.
std::uint32_t GoalTopics(const Goal& goal);

/// The score of cues added up over texts: the sum over families of weight * (1 + 0.25 * (min(hits, 3) - 1)) where
/// hits > 0, plus 0.3 for each repetition of the request beyond the first, at most 4.
/// Never negative; grows with each argument.
double Persuasion(const std::array<std::uint32_t, kCueFamilies>& hits, int requests);

/// How wary a system prompt makes the agent: 0.15 per rule word ("must not", "only if", ...), at most 1.5, plus 0.5
/// per guard phrase that names injected text ("not instructions", "untrusted", ...), at most 2.0. Never negative.
double Caution(std::string_view system);

/// 1 / (1 + exp(-(log(susceptibility / (1 - susceptibility)) + persuasion - caution))); 0 and 1 stay 0 and 1.
double ComplianceProbability(double susceptibility, double persuasion, double caution);

}  // namespace xsweep
