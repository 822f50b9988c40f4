// What a desk's tool is: a name, its parameters and a function over a State.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "parts/environments/world/world.h"

namespace xsweep {

/// What the model is shown. `error`: the reference raised or answered with an error text.
struct ToolOutput {
  std::string content;
  bool error = false;
  /// The reference lets an exception escape here and its episode dies; `content` says why in our words.
  bool escapes = false;
};

inline ToolOutput ToolError(std::string_view message) {
  return {.content = "Error: " + std::string(message), .error = true};
}

/// How a call moves the state; tau2 replays only kWrite when it grades.
enum class ToolKind : std::uint8_t { kRead, kWrite, kGeneric };

struct DeskTool {
  std::string_view name;
  ToolKind kind = ToolKind::kRead;
  /// All are required, as in both references; anything else is an "unexpected argument" error before `run` is asked.
  std::span<const std::string_view> parameters;
  ToolOutput (*run)(State& state, const Json& arguments);
};

/// One desk: its tables and its tools. Constants; `tools` in the order in which the reference lists them.
struct Desk {
  WorldSpec world;
  std::span<const DeskTool> tools;
  /// A call of this one ends the episode, whatever came of it (v1 and ours: transfer_to_human_agents); empty: none
  /// does.
  std::string_view ends_episode;
};

/// The tool of that name, or nullptr.
const DeskTool* FindTool(const Desk& desk, std::string_view name);

/// Looks the tool up, checks that every parameter is there and nothing else, and runs it.
ToolOutput CallTool(const Desk& desk, State& state, std::string_view name, const Json& arguments);

extern const Desk kTau2Airline;
extern const Desk kBundledAirline;  ///< tau2's tools; a hand-over ends the dialogue
extern const Desk kTau1Airline;

}  // namespace xsweep
