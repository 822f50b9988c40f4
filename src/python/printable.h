// Which characters Python's repr prints as they are.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace xsweep {

/// `chr(code_point).isprintable()` under Unicode 14 (CPython 3.11): no controls, formats, surrogates, private use,
/// unassigned code points or separators; the plain space is printable.
bool IsPythonPrintable(std::uint32_t code_point);

}  // namespace xsweep
