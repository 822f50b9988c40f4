// SweepConfig: what a config means, checked and with every default filled in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "words/call_limits.h"
#include "words/names.h"

namespace xsweep {

/// One role of the config: which part plays it and its options, defaults included (the name is not among them).
struct PartConfig {
  std::string name;
  Json options = Json::MakeObject();
  friend bool operator==(const PartConfig&, const PartConfig&) = default;
};

/// The part that plays no attack or no defense: what an absent section means, and what controls put in.
inline constexpr std::string_view kNoPart = "none";

/// One axis of the grid: a dotted path into the config and the values it takes.
struct GridAxis {
  /// "judge.threshold", "defense.name", "models.agent.model", or a whole section: "defense", "models.agent".
  std::string path;
  /// Distinct. Of a whole section: mappings {name: ..., options with defaults}, {provider: ...} for models.
  std::vector<Json> values;
  friend bool operator==(const GridAxis&, const GridAxis&) = default;
};

/// A section whose part an axis chooses ("defense.name"): what the section means under each part it can have.
struct SectionVariants {
  struct Variant {
    PartConfig part;  ///< the section's options that this part accepts, defaults filled in
    std::vector<std::string>
        accepts;  ///< names of all options of the part: an axis over another one leaves it as it is
    friend bool operator==(const Variant&, const Variant&) = default;
  };
  std::string section;  ///< "defense", "models.agent"
  std::vector<Variant> parts;
  friend bool operator==(const SectionVariants&, const SectionVariants&) = default;
};

/// Bounds of the whole run: of all calls together, of each role's, and of what does not divide by role.
struct Limits : CallLimits {
  Each<Role, CallLimits> roles;
  std::optional<double> max_seconds;
  std::optional<double> max_error_rate;  ///< share of ended trials; above it the verdict is INVALID
  // Of one episode.
  int max_turns = 30;
  int max_tool_calls = 100;
  int max_tool_errors = 10;
  friend bool operator==(const Limits&, const Limits&) = default;
};

/// Which transcripts are kept.
struct TranscriptPolicy {
  enum class Kind { kAll, kFailures, kNone, kSample } kind = Kind::kFailures;
  std::uint32_t sample = 0;  ///< of kSample: keep trials with index % sample == 0
  friend bool operator==(const TranscriptPolicy&, const TranscriptPolicy&) = default;
};

/// Settings of one model, by role; null options where the config names none.
using ModelsConfig = Each<Role, std::optional<PartConfig>>;

struct SweepConfig {
  std::string exp;
  std::string description;
  Mode mode = Mode::kShim;
  std::vector<std::uint64_t> seeds;
  std::uint32_t trials = 1;
  PartConfig environment, agent, attack, defense, judge;
  std::vector<std::string> tasks;      ///< task ids; empty means all
  Json declared = Json::MakeObject();  ///< {goals, tasks, effects, vectors} as far as given, fields of their types
  std::vector<GridAxis> grid;
  std::vector<SectionVariants> variants;  ///< one for each axis over a section's name
  bool controls = false;
  Limits limits;
  ModelsConfig models;
  Json prices = Json::MakeObject();  ///< {model: {input, output}}; see config/prices.h
  std::vector<std::string> gates;
  TranscriptPolicy transcripts;
  std::string judge_checked;  ///< "45 of 50, 190 of 200": how often the judge was right, elsewhere; empty: unknown
  bool unanswered_resists = false;  ///< `unanswered: resisted`; what is no answer of the agent's is an error otherwise
  std::string source;               ///< the file it came from, for messages; no part of what the config means

  friend bool operator==(const SweepConfig&, const SweepConfig&) = default;
};

/// The model that plays a role, by its word; empty when none is configured.
const std::optional<PartConfig>& ModelOf(const ModelsConfig& models, std::string_view role);
// A section by its path ("defense", "models.agent"): nullptr for another path, or a model that is not configured.
const PartConfig* FindSection(const SweepConfig& config, std::string_view section);
/// "name", or "provider" for a section under models.
std::string_view NameKey(std::string_view section);

}  // namespace xsweep
