// DeskTask: a task with the scenario that its simulated user is given; how tool lists are read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "episode/roles.h"

namespace xsweep {

struct DeskTask {
  Task task;
  std::string scenario;  ///< what a model that plays the user is told, in the reference's layout
};

/// tools.json in either form: a list of {"type":"function","function":{...}} or an object with "tools".
Expected<std::vector<ToolSchema>> ReadToolSchemas(std::string_view text, const std::string& where);

}  // namespace xsweep
