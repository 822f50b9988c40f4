// Text helpers: suggestions for misspelt names, strict numbers, UTF-8, and text made fit for messages.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xsweep {

/// Where a search that finds nothing says it is.
inline constexpr std::size_t kNowhere = std::string_view::npos;

/// Fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string
/// alignment), in bytes. O(|a| * |b|).
std::size_t EditDistance(std::string_view a, std::string_view b);

/// The candidate that `name` was probably meant to be: the nearest one within a third of its length (at least one
/// edit), the earlier one of two that are equally near; empty when none is near.
std::optional<std::string> ClosestName(std::string_view name, const std::vector<std::string>& candidates);

/// ", did you mean `x`?" when a candidate is near, otherwise "; <label>: a, b, c" (nothing without candidates or
/// label).
std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates, std::string_view label = "");

/// The whole of `text` as a decimal number without sign, spaces or separators; empty when it is not one or too large.
std::optional<std::uint64_t> ParseUnsigned(std::string_view text);
/// The whole of `text` as a finite decimal number ("1", "-2.5", "1e-3"); empty when it is not one.
std::optional<double> ParseNumber(std::string_view text);

/// With A to Z made small; other bytes stay.
std::string AsciiLower(std::string_view text);

/// Offset of the first byte that is not well-formed UTF-8 (overlong forms and surrogates count as ill-formed).
std::optional<std::size_t> FindInvalidUtf8(std::string_view text);

/// `text` for a message: control characters as \xNN, and no longer than `limit` bytes, never cut inside a character.
std::string Printable(std::string_view text, std::size_t limit = 60);

std::string Join(const std::vector<std::string>& parts, std::string_view separator);
/// Pieces between the separators; one empty piece for an empty text.
std::vector<std::string> Split(std::string_view text, char separator);
/// How many columns of a terminal `text` takes: characters, not bytes.
std::size_t ColumnsOf(std::string_view text);
/// `text` in lines of at most `width` columns, each after the first behind `indent` blanks; longer words stay whole.
std::string Wrapped(std::string_view text, std::size_t indent, std::size_t width);
/// 1234567 as "1,234,567".
std::string WithThousands(std::uint64_t value);

}  // namespace xsweep
