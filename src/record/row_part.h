// RowPart: the rows of one part of a plan, found again in the shard logs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "record/logs/log_place.h"

namespace xsweep {

/// Whole lines of a log, among which rows of a part lie.
struct LogStretch {
  std::uint32_t log = 0;
  std::uint64_t begin = 0, end = 0;
};

/// What holds the rows is in memory, or mapped where that is much.
class RowPart {
 public:
  /// Finds the rows of those trials of [first, first + size) that are `wanted`. Of two rows for one trial the higher
  /// attempt counts; of equal attempts one that is no error, then the smaller bytes.
  static Expected<RowPart> Open(const std::vector<std::filesystem::path>& logs,
                                const std::vector<LogStretch>& stretches, std::uint64_t first, std::uint64_t size,
                                const std::function<bool(std::uint64_t)>& wanted);
  std::uint64_t first() const { return first_; }
  std::uint64_t end() const { return first_ + places_.size(); }
  /// With its newline and mark, empty where there is none; valid until the next call.
  std::string_view Row(std::uint64_t index);

 private:
  struct Source {
    std::string text;
    std::optional<MappedFile> file;  ///< in place of `text`
    std::uint64_t begin = 0;         ///< of the stretch in the file

    std::string_view From(std::uint64_t offset) const;
    static Expected<Source> Open(const std::filesystem::path& log, const LogStretch& stretch, bool map);
  };

  RowPart(std::uint64_t first, std::uint64_t size) : first_(first), places_(size) {}
  /// In the last source.
  Status FindRows(const std::function<bool(std::uint64_t)>& wanted, std::uint64_t size);
  Status Note(std::uint64_t index, LogPlace place, std::string_view row);
  std::string_view RowAt(LogPlace place) const;
  void Used(std::size_t size);

  std::uint64_t first_;
  std::vector<LogPlace> places_;  ///< by trial: number of the source, offset in its stretch
  std::vector<Source> sources_;
  std::uint64_t used_ = 0;
};

}  // namespace xsweep
