// DeskTasks: a benchmark's tasks as Task, with the scenario that its simulated user is given.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "episode/roles.h"
#include "parts/environments/scenario.h"
#include "parts/environments/world/world.h"

namespace xsweep {

/// tau2's tasks.json (also the bundled desk's) or v1's tasks_test.json, by `benchmark`. `where` names the file. The
/// customer of a task is read from its reference actions, or found by id or name in its scenario.
Expected<std::vector<DeskTask>> ReadTasks(std::string_view text, Benchmark benchmark, const World& world,
                                          const std::string& where);

/// The tasks that a file of results carries: tau2's {"tasks": [...]} (or a bare list of tasks), or `info.task` of the
/// entries of v1's list. Each is read on its own. Fails with kUser where it carries none.
Expected<std::vector<DeskTask>> ReadOwnTasks(const std::string& file, const World& world);
/// Puts each of `own` in the place of the task of its id, or behind all others.
void ReplaceTasks(std::vector<DeskTask> own, std::vector<DeskTask>& tasks);

/// The task ids of a split in split_tasks.json; kUser names the splits there are.
Expected<std::vector<std::string>> ReadSplit(std::string_view splits, std::string_view split, const std::string& where);

}  // namespace xsweep
