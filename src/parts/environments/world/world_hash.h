// The state hashes of both benchmarks, and equality of two states without them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "parts/environments/world/world.h"

namespace xsweep {

/// The reference's hash of the untouched data, 64 hex digits; made when first asked for, and kept.
const std::string& WorldHash(const World& world);
/// The same of a state: that of the whole database, 64 hex digits: the cached text of the untouched records, with the
/// changed ones in their places. Starts from a kept SHA-256 state just before the first change.
std::string StateHash(const State& state);

/// True exactly when StateHash would agree, decided on changed records only. Both must be forks of one World.
bool StrictlyEqual(const State& a, const State& b);
/// As StrictlyEqual, but the order of lists does not count, nor 25 against 25.0.
bool CanonicallyEqual(const State& a, const State& b);

/// The same for one record: whether its two values read alike in the hashed text.
bool SameRecord(Benchmark benchmark, const Json& a, const Json& b);

}  // namespace xsweep
