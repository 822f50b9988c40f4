// AwaitUntil: a wait and a timer that go together.
// SPDX-License-Identifier: Apache-2.0
#include "net/await.h"

namespace xsweep {

Async<Expected<bool>> AwaitUntil(IoLoop& loop, Wait*& place, SteadyTime deadline) {
  Wait wait(loop);
  bool late = false;
  // In the frame, so that both are taken back when the frame is destroyed while it waits.
  struct Watching {
    IoLoop& loop;
    Wait*& place;
    IoLoop::TimerId timer;
    ~Watching() {
      loop.CancelTimer(timer);
      place = nullptr;
    }
  } const watching{loop, place, loop.CallAt(deadline, [&wait, &late] {
                     late = true;
                     wait.Wake();
                   })};
  place = &wait;
  CO_TRY(co_await wait);
  co_return !late;
}

}  // namespace xsweep
