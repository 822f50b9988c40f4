// Room: how much may be under way at once beneath a budget.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>

#include "base/async.h"
#include "engine/budget.h"
#include "net/io_loop.h"

namespace xsweep {

/// Under a budget no more dialogues are under way than it can probably pay to the end: spread over all of them, it
/// would be gone before any had finished, and each call in flight would pass the limit. Belongs to the loop's thread;
/// loop and budget outlive it.
class Room {
 public:
  /// `expected` is what one uses, before any has told.
  Room(IoLoop& loop, const Budget& budget, const Spending& expected)
      : loop_(loop), budget_(budget), expected_(expected) {}

  /// Ok once there is room for one more. Fails when the loop is stopped.
  Async<Status> Await();
  void Begin() { ++under_way_; }
  void End();

 private:
  IoLoop& loop_;
  const Budget& budget_;
  const Spending expected_;
  int under_way_ = 0;
  std::list<Wait*> resting_;  ///< those that wait for room
};

}  // namespace xsweep
