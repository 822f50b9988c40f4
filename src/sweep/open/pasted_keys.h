// Pasted keys: keys that stand in the options of an agent or an environment. A config is written into every run, so
// they are refused before anything is opened. Attacks, defenses and judges may hold texts that look so on purpose.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace xsweep {

/// One fault for each option that holds a key, `where` being the option: an address with a user, a password or a key in
/// it; a word that begins as the keys of known services do; a member or header whose name says that it carries one,
/// with a value that is no `$NAME` or `{placeholder}`; an option `..._env` that names no variable. Never repeats any of
/// it.
std::vector<Error> PastedKeys(const Json& options);

}  // namespace xsweep
