// EnvironmentFlags: the environment that a command works on.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/open_environment.h"

#include <algorithm>

#include "base/text.h"
#include "parts/catalog.h"

namespace xsweep {

Expected<Json> EnvironmentFlags::Options() const {
  Json object = Json::MakeObject();
  if (!data.empty()) object.Set("data", data);
  for (const std::string& option : options) {
    const auto equals = option.find('=');
    if (equals == std::string::npos || equals == 0) return UserError("`" + option + "` is not KEY=VALUE", "--option");
    const std::string value = option.substr(equals + 1);
    // Numbers, lists and true are what they look like; anything else is a text and needs no quotes.
    auto json = Json::Parse(value);
    object.Set(option.substr(0, equals), json ? std::move(*json) : Json(value));
  }
  return object;
}

Expected<std::shared_ptr<const EnvironmentSource>> EnvironmentFlags::Open() const {
  TRY_ASSIGN(const Json all, Options());
  return BuildCatalog().OpenEnvironment(name, all);
}

Expected<std::size_t> FindTask(const EnvironmentSource& environment, const std::string& id) {
  const auto& tasks = environment.tasks();
  if (tasks.empty()) return UserError("has no tasks", environment.info().name);
  if (id.empty()) return 0;
  const auto found = std::ranges::find(tasks, id, &Task::id);
  if (found != tasks.end()) return static_cast<std::size_t>(found - tasks.begin());
  std::vector<std::string> ids;
  ids.reserve(tasks.size());
  for (const Task& task : tasks) ids.push_back(task.id);
  return UserError("unknown task `" + id + "`" + DidYouMean(id, ids), environment.info().name);
}

}  // namespace xsweep
