// EnvironmentFlags: the environment that a command works on, named by flags instead of a config.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "episode/catalog.h"

namespace xsweep {

struct EnvironmentFlags {
  std::string name;
  std::string data;
  std::vector<std::string> options;  ///< KEY=VALUE, the environment's other options

  /// Every option as the config would have it. Fails with kUser for one without `=`.
  Expected<Json> Options() const;
  Expected<std::shared_ptr<const EnvironmentSource>> Open() const;
};

/// The place of the task of that id, the first one for an empty id. Fails with kUser and a suggestion.
Expected<std::size_t> FindTask(const EnvironmentSource& environment, const std::string& id);

}  // namespace xsweep
