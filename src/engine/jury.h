// Jury: the judges of one dialogue, where the attack stops as soon as the judge sees a success.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "engine/watched_models.h"
#include "episode/roles.h"
#include "episode/run_episode.h"

namespace xsweep {

/// Where a dialogue would have ended if this judge had been its only one, and what was to be seen then.
struct EarlyEnd {
  std::size_t steps = 0;
  std::size_t calls = 0;
  std::int64_t tries = 0;
  Exposure exposure;
  TaskAssessment task{};
  Status assessed{};
  std::vector<Effect> end_effects{};
  Status seen{};
  std::vector<std::string> notes{};
  std::vector<std::pair<std::string, std::int64_t>> unanswered{};
  std::vector<std::pair<std::string, std::string>> answered_by{};
};

/// Sits in for the judge while a dialogue is held: says that the attack has succeeded once every judge says so, and
/// notes where each said it first. What an agent hears before that is the same with any of them, so that the dialogue
/// of each is a beginning of the one that is held, exactly. At each of these ends the environment is looked at as at
/// the last one; looking changes nothing. Belongs to one dialogue.
class Jury final : public Judge {
 public:
  struct Around {
    Environment& environment;
    const Attack& attack;
    const WatchedModels& models;
    /// Called before the environment is asked to assess the task for judge `place`.
    std::function<void(std::size_t place)> before;
  };
  Jury(std::vector<Judge*> judges, Around around);

  bool finds_success_early() const override;
  Async<Expected<Assessment>> Assess(const Task& task, const Goal& goal, const Transcript& transcript) override;
  /// Of the judge at `place`; nullptr where the dialogue ended for it when it ended.
  const EarlyEnd* EndFor(std::size_t place) const;

 private:
  Async<Status> Look(std::size_t place, const Goal& goal, const Transcript& transcript);
  std::vector<Judge*> judges_;
  std::vector<std::optional<EarlyEnd>> ends_;
  Around around_;
};

/// The dialogue as it had been at an early end, ready to be judged.
EpisodeResult CutAt(const EpisodeResult& whole, const EarlyEnd& end);

}  // namespace xsweep
