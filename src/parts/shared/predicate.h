// Predicates on tool calls, shared by the defense tool_policy and the judge calls.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "words/message.h"

namespace xsweep {

/// `text` against a pattern in which * is any run of characters and ? any single one.
bool MatchesGlob(std::string_view text, std::string_view pattern);

/// One comparison of an argument. Numbers compare as numbers (25 equals 25.0 and " 2.5e1", as tools take them),
/// everything else as JSON values; an argument that is not there satisfies only `absent` and `!=`.
struct ArgumentTest {
  std::string argument;  ///< names and list indices joined by dots
  std::string op;        ///< ==, !=, >, >=, <, <=, contains, in, glob, exists, absent
  Json value;
};

/// Matches a call whose tool fits the glob and whose arguments pass every test.
struct CallPredicate {
  std::string tool = "*";
  std::vector<ArgumentTest> where;

  bool Matches(const ToolCall& call) const;
};

/// Reads {tool: glob, where: [{argument, op, value}]}; other keys are left to the caller. Fails with kUser.
Expected<CallPredicate> ReadPredicate(const Json& mapping, std::string_view where);

}  // namespace xsweep
