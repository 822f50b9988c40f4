// Lenient: reply bodies that are not quite JSON, read where that is safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/json_mend.h"

namespace xsweep {

/// The body without what proxies put before it: a byte order mark, the line `)]}'` that keeps scripts from
/// reading it, blank lines, and lines that begin with a colon (comments of an event stream, sent to keep a connection
/// open). NUL bytes and blanks behind it are dropped too.
std::string_view BareBody(std::string_view body);

/// ParseMended of BareBody.
Expected<Json> ParseBody(std::string_view body);

/// An object as models write one: ParseBody, also where the object stands in a fence, was written as JSON twice, in the
/// spelling of a Python literal or with a comma too many, alone in a list, behind an empty object that was not meant,
/// or before the end of a template's mark. Empty where that leaves a doubt about what was meant, and for null.
std::optional<Json> ReadLooseObject(std::string_view text);

}  // namespace xsweep
