// ModelAs: one model in one role, and none in the others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode/model.h"

namespace xsweep::test {

inline ModelSet ModelAs(Role role, Model& model) {
  ModelSet set;
  set[role] = &model;
  return set;
}

}  // namespace xsweep::test
