// The words after `xsweep env`, a file each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"

namespace xsweep {

/// Parses the flags; true when help was asked for and printed.
Expected<bool> ParseOrHelp(Arguments& arguments, const std::vector<std::string>& words);

/// `words` is what follows the second word.
Expected<int> EnvListCommand(const std::vector<std::string>& words);
Expected<int> EnvCallCommand(const std::vector<std::string>& words);
Expected<int> EnvReplayCommand(const std::vector<std::string>& words);
Expected<int> EnvServeCommand(const std::vector<std::string>& words, const std::atomic<bool>& stop);

}  // namespace xsweep
