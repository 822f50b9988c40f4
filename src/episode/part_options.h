// The options of a part: checked against its table and completed with defaults, also for parts inside parts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/option.h"

namespace xsweep {

/// `options` (an object or null) with the defaults of `spec` filled in. Fails with kUser and names `where`
/// ("defense refund_limit") for an unknown option, a missing one, a wrong type or a value out of its range. `config`
/// has checked the outermost parts before, with line and column; this is for parts inside parts and for callers
/// without a config. Elements of kPart and kPartList are left to whoever prepares them.
Expected<Json> CompleteOptions(const PartSpec& spec, const Json& options, std::string_view where);

/// "no defense is called `x`; there are a, b" as a kUser error.
Error UnknownPart(std::string_view role, std::string_view name, const std::vector<std::string>& known);

/// The strings of a kStringList option; none when it is absent.
std::vector<std::string> StringList(const Json& options, std::string_view key);

/// Reads {name: ..., options...}. Fails with kUser when there is no name.
Expected<NamedPart> ReadNamedPart(const Json& mapping, std::string_view where);

}  // namespace xsweep
