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

struct ImportedSettings {
  std::optional<std::string> source;
  std::optional<std::string> source_sha256;
  std::optional<std::string> format;
  std::optional<std::string> model;
};

const Options<ImportedSettings> kImportedOptions = {
    Opt("source", &ImportedSettings::source, "Name of the file that was imported."),
    Opt("source_sha256", &ImportedSettings::source_sha256, "Its SHA-256."),
    Opt("format", &ImportedSettings::format, "tau1, tau2, agentdojo, inspect or facts."),
    Opt("model", &ImportedSettings::model, "The model, where the file says it.")};

}  // namespace

AgentEntry ImportedEntry() {
  return AgentEntry::Of(
      {.name = "imported", .summary = "The agent of results that `xsweep import results` read; it cannot be run."},
      kImportedOptions, [](const ImportedSettings&) -> PartFactory<Agent> {
        return [](const TrialContext&) { return std::make_unique<Imported>(); };
      });
}

}  // namespace xsweep
