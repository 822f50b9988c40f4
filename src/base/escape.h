// Escaping: the one place where foreign text (ids, error messages, replies of models) is made safe to show.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace xsweep {

/// One line of valid UTF-8: bytes that are none become U+FFFD; control characters, line breaks and characters that
/// turn the reading direction become spaces.
std::string CleanText(std::string_view text);
/// At most `columns` characters (>= 3), cleaned; what is left out of the middle becomes an ellipsis.
std::string Shorten(std::string_view text, std::size_t columns);

/// A Markdown code span in running text: nothing in it is markup, a link, a mention or HTML. Empty text gives "–".
std::string MarkdownCode(std::string_view text);
/// The same in a cell of a table, where a pipe would end the cell.
std::string MarkdownCellCode(std::string_view text);
/// Prose in Markdown with every mark escaped, on one line.
std::string MarkdownText(std::string_view text);
/// Character data and attribute values of XML, SVG and HTML.
std::string XmlText(std::string_view text);
/// A gnuplot string with its quotes; nothing in it is expanded. Apostrophes at the start or in a row may become ’.
std::string GnuplotString(std::string_view text);
/// A Python string literal with its quotes, ASCII only.
std::string PythonString(std::string_view text);

}  // namespace xsweep
