// SuccessfulTry: with which of an attack's tries a kept dialogue succeeded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/async.h"
#include "episode/roles.h"

namespace xsweep {

/// Of a dialogue in which `judge` finds success: the first try, from 1 on, after which it does; a try is a user turn
/// with a payload. 0 where there are none, or where the judge cannot tell before the end. Asks no model.
Async<Expected<std::int64_t>> SuccessfulTry(Judge& judge, const Task& task, const Goal& goal,
                                            const Transcript& dialogue);

}  // namespace xsweep
