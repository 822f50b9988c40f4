// Changes a value that is held in common, in a copy of its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "base/common.h"

namespace xsweep {

template <class T, class Change>
void ChangeOne(Common<T>& held, Change change) {
  T own = *held;
  change(own);
  held = std::move(own);
}

}  // namespace xsweep
