// Faults: everything that is wrong with a config, collected so that it can be said in one go.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// A place in the file (source 0) or in a flag (the other sources). Lines and columns count from 1, columns in bytes.
struct Mark {
  std::uint32_t source = 0;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  friend auto operator<=>(const Mark&, const Mark&) = default;
};

class Faults {
 public:
  static constexpr std::size_t kMostShown = 50;

  explicit Faults(std::string file) : sources_{std::move(file)} {}
  /// Names another place that values come from, e.g. "--seeds"; returns its number for marks.
  std::uint32_t AddSource(std::string flag);
  void Add(Mark at, std::string message);
  bool empty() const { return faults_.empty(); }
  std::size_t size() const { return faults_.size(); }

  /// One kUser error: a line "file:line:column: message" (or "--flag: message") for each fault, in the order of the
  /// file and without repetitions; beyond kMostShown their number only. `where` is empty.
  Error ToError() const;
  /// The faults without their places, as they were found.
  std::vector<std::string> Messages() const;

 private:
  struct Fault {
    Mark at;
    std::string message;
  };
  std::vector<std::string> sources_;
  std::vector<Fault> faults_;
};

}  // namespace xsweep
