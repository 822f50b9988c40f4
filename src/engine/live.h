// The live executor: many conversations on one I/O loop, for trials that wait for models.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/local.h"
#include "net/io_loop.h"

namespace xsweep {

/// Runs the order with up to `conversations` trials under way at once, all on this thread. A trial's row is appended
/// as it ends. When `order.stop` is set nothing new starts, waiting calls are given up within a second, and the error
/// is kInterrupted; trials that were under way have no row and run again on resume.
Status RunOnLoop(const WorkOrder& order, int conversations, IoLoop& loop);

}  // namespace xsweep
