// OwnRow: reads a row as AppendTrialRow writes it, many times faster than any JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "record/trial.h"

namespace xsweep {

/// The trial of a line that AppendTrialRow has written, with or without its newline. Empty for whatever looks
/// different, which may be a row all the same: strings with escapes, replies that were no answers, keys in another
/// order. What is read is written again and compared with the line, so that a guess about it is never believed.
std::optional<Trial> ReadOwnRow(std::string_view line);

}  // namespace xsweep
