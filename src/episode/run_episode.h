// The loop that lets the roles talk: one episode from the first user turn to the judge.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/async.h"
#include "episode/episode.h"

namespace xsweep {

/// Runs one episode. Never fails as a whole: what goes wrong is in `error`, beside what was used until then.
Async<EpisodeResult> RunEpisode(EpisodeParts parts, EpisodeLimits limits);

}  // namespace xsweep
