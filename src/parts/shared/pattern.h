// Text patterns: POSIX extended regular expressions, ignoring case.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// A compiled expression; cheap to copy, may be used from many threads. (Not std::regex: its matcher recurses once per
/// character and a long tool result would overflow the stack.)
class Pattern {
 public:
  /// Fails with kUser for an expression that is none.
  static Expected<Pattern> Compile(const std::string& expression);
  bool Found(std::string_view text) const;
  /// `text` with every match replaced; matches of nothing are passed over.
  std::string Replace(std::string_view text, std::string_view replacement) const;

 private:
  struct Compiled;
  explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

Expected<std::vector<Pattern>> CompileAll(const std::vector<std::string>& expressions);

}  // namespace xsweep
