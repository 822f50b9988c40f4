// The words after `xsweep env`, a file each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"

namespace xsweep {

/// `words` is what follows the second word.
Expected<int> EnvListCommand(const std::vector<std::string>& words);
Expected<int> EnvCallCommand(const std::vector<std::string>& words);
Expected<int> EnvReplayCommand(const std::vector<std::string>& words);
Expected<int> EnvServeCommand(const std::vector<std::string>& words, const std::atomic<bool>& stop);

}  // namespace xsweep
