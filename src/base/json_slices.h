// JsonSlices: the parts of a big JSON text as texts of their own, so that no more than one of them is ever parsed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace xsweep {

/// Gets the text of one value and the offset where it starts; an error ends the walk and is returned.
using SliceVisitor = std::function<Status(std::string_view value, std::size_t offset)>;
using MemberVisitor = std::function<Status(std::string_view key, std::string_view value, std::size_t offset)>;

/// Calls back for every element of the array that `text` is. Brackets and strings are followed, nothing else is looked
/// at: a value may still be no JSON. Fails with kUser (`where`:line) for what is no array, ends too early or goes on
/// behind its end.
Status ForEachElement(std::string_view text, const std::string& where, const SliceVisitor& visit);
/// The same for the members of the object that `text` is. Keys come as they are written, escapes included.
Status ForEachMember(std::string_view text, const std::string& where, const MemberVisitor& visit);

/// The first byte of `text` that is no white space (after a byte order mark), or 0.
char FirstOf(std::string_view text);
/// The 1-based line of the byte at `offset`.
std::size_t LineAt(std::string_view text, std::size_t offset);

/// Json::Parse for logs that Python's json module wrote: NaN, Infinity and -Infinity are read as null, a half surrogate
/// (\ud800) as U+FFFD, so that what is read can be written again. ParsePythonJson (python/json_reader.h) keeps them.
Expected<Json> ParseLogJson(std::string_view text, std::string_view where);

}  // namespace xsweep
