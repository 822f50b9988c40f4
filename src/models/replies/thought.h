// Thought: what a model wrote for itself, told apart from what it said.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace xsweep {

struct SplitText {
  std::string said;
  std::string thought;
  bool unclosed = false;  ///< the thought never ended, so that whatever was to follow is missing
};

/// Takes the thought out of a reply's text. Known marks, in any case: <think>, <thinking>, <thought>, <reasoning> and
/// their kin with closing tags, also with attributes or under a name that a template has made longer, [THINK], the
/// marks of Kimi, Seed, LongCat, Cohere, Gemma, gpt-oss (the analysis channel, also without its special tokens) and of
/// begin_of_thought/end_of_thought. A closing mark that nothing opened ends a thought that the prompt's template began,
/// or one that held another; an opening one without an end makes the rest thought, where it stands at the start of a
/// line. `said` has no blanks around it where anything was taken out; text without marks comes back as it is. The work
/// grows with the length of the text, whatever it holds.
SplitText SplitThought(std::string_view text);

}  // namespace xsweep
