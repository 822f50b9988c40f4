// Room: how much may be under way at once beneath a budget.
// SPDX-License-Identifier: Apache-2.0
#include "engine/room.h"

#include <utility>

namespace xsweep {

Async<Status> Room::Await() {
  while (under_way_ > 0 && under_way_ + 1 > budget_.DialoguesLeft(expected_)) {
    Wait wait(loop_);
    resting_.push_back(&wait);
    Status woken = co_await wait;
    if (!woken) resting_.remove(&wait);
    CO_TRY(woken);
  }
  co_return Status();
}

void Room::End() {
  --under_way_;
  for (Wait* wait : std::exchange(resting_, {})) wait->Wake();
}

}  // namespace xsweep
