// What the providers' documentation asks of a request: a server that follows it to the letter, as a function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "base/json.h"

namespace xsweep::testing {

/// Ids of calls that a server gave itself. It takes those back as they were; of others it wants what the strictest
/// documentation says: Mistral's nine letters and digits.
using GivenIds = std::set<std::string>;

/// Why a chat completion would be refused by one of OpenAI, Mistral (the order of roles), Gemini (as many results as
/// calls; signatures back on every call where `signed_calls`), or "".
std::string ChatFault(const Json& request, const GivenIds& given, bool signed_calls);
/// Why the Messages API would refuse a request, or "".
std::string MessagesFault(const Json& request);

}  // namespace xsweep::testing
