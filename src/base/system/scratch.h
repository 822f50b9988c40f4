// ScratchDirectory: a place of one trial's own on the disk, gone with it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace xsweep {

/// Below the system's temporary directory, for its owner alone. Its name says which process made it, so that what a
/// killed one has left is removed when another makes its first.
class ScratchDirectory {
 public:
  /// `name` tells the directories of one process apart. Fails with kWorld.
  static Expected<ScratchDirectory> Make(std::string_view name);
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace xsweep
