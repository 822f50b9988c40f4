// ToolTexts: lists of tools as a provider writes them, kept as text. The tools of a cell are the same in every request,
// and writing them again was a fifth of what a call cost.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "words/message.h"

namespace xsweep {

/// Belongs to one thread.
class ToolTexts {
 public:
  using Write = void (*)(const std::vector<ToolSchema>& tools, std::string& out);
  explicit ToolTexts(Write write) : write_(write) {}
  /// What `write` makes of them. Good until the next call.
  std::string_view Of(const Common<std::vector<ToolSchema>>& tools);

 private:
  struct Kept {
    Common<std::vector<ToolSchema>> tools;  ///< keeps what it compares with alive
    std::string text;
  };
  Write write_;
  std::vector<Kept> kept_;
  std::size_t oldest_ = 0;
};

}  // namespace xsweep
