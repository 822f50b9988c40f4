// Calls that a server left in the text: a model's call that no parser of the server took out of what it said.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "words/message.h"

namespace xsweep {

/// Whether the text looks like a call: one of the marks that model families put around calls, the name of one of
/// `tools` as calls have it (call_shapes.h), or nothing but an object that names something and gives it arguments.
/// Without tools nothing does. The work grows with the length of the text.
bool LooksLikeCall(std::string_view text, const std::vector<ToolSchema>& tools);

struct TextCalls {
  std::vector<ToolCall> calls;  ///< without ids
  std::string before;           ///< what was said before the first of them
};
/// Reads such calls: JSON between tags, in fences or bare, arguments behind a name, and parameters as tags
/// (<function=NAME>, <invoke name="NAME">). Empty when not one call of a tool that is offered can be read for certain:
/// an object without a mark in the middle of a sentence may be no more than spoken of.
std::optional<TextCalls> ReadTextCalls(std::string_view text, const std::vector<ToolSchema>& tools);

}  // namespace xsweep
