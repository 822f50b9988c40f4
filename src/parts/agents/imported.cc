// The agent of an imported run: stands for whoever spoke elsewhere, and cannot be asked again.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/agents.h"

namespace xsweep {
namespace {

class Imported : public Agent {
 public:
  Async<Expected<AgentTurn>> Act(const Conversation& /*conversation*/) override {
    return Expected<AgentTurn>(EpisodeError("these episodes were imported; their agent cannot be run again", "agent"));
  }
};

OptionSpec TextOption(std::string name, std::string help) {
  return {.name = std::move(name), .type = OptionType::kString, .help = std::move(help)};
}

}  // namespace

AgentEntry ImportedEntry() {
  return {.spec = {.name = "imported",
                   .summary = "The agent of results that `xsweep import results` read; it cannot be run.",
                   .options = {TextOption("source", "Name of the file that was imported."),
                               TextOption("source_sha256", "Its SHA-256."), TextOption("format", "tau1 or tau2."),
                               TextOption("model", "The model, where the file says it.")}},
          .prepare = [](const Json&) -> Expected<PartFactory<Agent>> {
            return [](const TrialContext&) { return std::make_unique<Imported>(); };
          }};
}

}  // namespace xsweep
