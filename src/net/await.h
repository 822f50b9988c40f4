// AwaitUntil: to be woken by somebody else, but not to wait for ever.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/io_loop.h"

namespace xsweep {

/// Suspends until the wait that `place` points at meanwhile is woken, or until `deadline`: then it is false. Fails with
/// kInterrupted when the loop is stopped. However it ends, `place` is nullptr again and no timer is left; `loop` and
/// `place` outlive it.
Async<Expected<bool>> AwaitUntil(IoLoop& loop, Wait*& place, SteadyTime deadline);

}  // namespace xsweep
