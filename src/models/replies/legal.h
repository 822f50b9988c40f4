// Legal: names and ids as servers take them. What came in is kept as it was; only what is sent is made legal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "episode/model.h"

namespace xsweep {

/// What stands for a message without a word: servers refuse empty texts.
inline constexpr std::string_view kNothingSaid = "(nothing)";

/// Whether nothing of it shows; an empty text is blank.
bool IsBlank(std::string_view text);

/// The names of tools as all servers take them, of a tool as of a call: 1 to 64 letters, digits, underscores and
/// hyphens. Tools never share one: those that would carry a mark that follows from their own name.
class LegalNames {
 public:
  explicit LegalNames(const std::vector<ToolSchema>& tools);
  /// Also of a name that none of the tools has: models make names up.
  std::string Of(std::string_view name) const;
  bool changes_any() const { return !changed_.empty(); }

 private:
  std::map<std::string, std::string, std::less<>> changed_;
};

/// The tools, and those with other names once more by the names that their model was told: it may write either. Empty
/// where all names are legal.
std::optional<std::vector<ToolSchema>> WithLegalNames(const std::vector<ToolSchema>& tools);

/// Gives calls the names that their tools really have, where a server was told a legal one, or left something of its
/// template around it ("functions.NAME", "NAME<|channel|>commentary").
void RestoreToolNames(const ModelRequest& request, std::vector<ToolCall>& calls);

/// An id of nine letters and digits, which every server takes (Mistral's takes nothing else); a pure function of
/// `seed` and `number`.
std::string MakeCallId(std::string_view seed, std::size_t number);

/// Gives every call an id that no earlier call of the conversation has, keeping the server's where it can.
void MakeIdsUnique(const ModelRequest& request, std::vector<ToolCall>& calls);

/// The ids of a conversation as the Messages API takes them: letters, digits, underscores and hyphens. Two ids never
/// become one.
class LegalIds {
 public:
  explicit LegalIds(const std::vector<Message>& messages);
  std::string_view Of(const std::string& id) const;

 private:
  std::unordered_map<std::string, std::string> changed_;
};

}  // namespace xsweep
