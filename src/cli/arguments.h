// Arguments: the flags of one command. The only home of CLI11.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// Declares flags bound to variables, then parses. Every flag needs one line of help; the example is printed below.
class Arguments {
 public:
  Arguments(std::string_view command, std::string_view summary, std::string_view example);
  Arguments(Arguments&&) noexcept;
  ~Arguments();

  Arguments& Positional(const std::string& name, std::string* value, const std::string& help, bool required = true);
  Arguments& Positionals(const std::string& name, std::vector<std::string>* values, const std::string& help);
  Arguments& Option(const std::string& flag, std::string* value, const std::string& help);
  Arguments& Option(const std::string& flag, std::optional<std::string>* value, const std::string& help);
  Arguments& Option(const std::string& flag, int* value, const std::string& help, int minimum, int maximum);
  Arguments& Option(const std::string& flag, std::optional<double>* value, const std::string& help);
  /// May be given several times.
  Arguments& Repeated(const std::string& flag, std::vector<std::string>* values, const std::string& help);
  Arguments& Flag(const std::string& flag, bool* value, const std::string& help);

  /// Fails with kUser for what cannot be parsed (unknown flags come with a suggestion). Returns the help text when
  /// it was asked for, otherwise nothing.
  Expected<std::optional<std::string>> Parse(const std::vector<std::string>& words);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Parses the flags; true when help was asked for and printed.
Expected<bool> ParseOrHelp(Arguments& arguments, const std::vector<std::string>& words);

}  // namespace xsweep
