// What keys look like, so that one in the wrong place is noticed before it is written anywhere.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace xsweep {

/// Whether a text could be a key: begins as those of known services do, or is long, of one piece, and mixes letters and
/// digits as names do not. A guess for the sake of messages and refusals, never for removing (Secret does that).
bool LooksLikeKey(std::string_view text);

/// Whether a word can hardly be anything but a key: long, with digits, and begins as those of known services do.
bool IsSurelyKey(std::string_view word);

/// Whether a text can name an environment variable: letters, digits and underscores, no digit first.
bool IsVariableName(std::string_view text);

/// Whether a text names a variable, and is no key that was pasted in its place; one that looks so may still be set.
bool NamesAVariable(const std::string& text);

/// Why an address cannot be used because a key stands in it (in its user part, in its query, as a part of its path);
/// empty: none does. Never repeats any of it.
std::string KeyInAddress(std::string_view address);

/// Whether a member of that name carries a key, as in {"api_key": ...}.
bool NamesAKey(std::string_view name);

/// Tells the system to write this process's memory to no core file and to let no other process of this user read it.
/// Does what the system allows and says nothing.
void KeepOutOfDumps();

}  // namespace xsweep
