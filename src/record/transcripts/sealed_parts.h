// SealedParts: a sealed file of transcripts that several threads write at once, for who has every dialogue at hand.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "record/transcripts/sealed_frames.h"

namespace xsweep {

/// The trials are cut into parts, in plan order; any thread packs any part, and the bytes do not depend on which.
class SealedParts {
 public:
  /// `scratch` is a folder for what threads have packed until it is joined.
  SealedParts(Disk& disk, std::filesystem::path scratch, std::size_t threads, std::size_t parts);

  /// Belongs to one thread.
  class Writer {
   public:
    Writer(SealedParts& parts, std::size_t thread) : parts_(parts), thread_(thread) {}
    /// The next dialogue of the part that is being packed, by index.
    Status Add(std::uint64_t index, std::string_view transcript_json);
    /// Ends it: it was this one.
    Status End(std::size_t part);

   private:
    Status Pack();
    SealedParts& parts_;
    const std::size_t thread_;
    std::string text_, packed_;
    std::uint64_t first_ = 0;
    std::uint32_t lines_ = 0;
    std::uint64_t written_ = 0;
    std::vector<SealedFrame> frames_;
  };

  /// Once every writer has ended its parts. Writes `sealed`, or nothing when no part holds a dialogue.
  Status Join(const std::filesystem::path& sealed);

 private:
  /// Frames of one part; their offsets are those in the file of the thread that packed them.
  struct Part {
    std::size_t thread = 0;
    std::vector<SealedFrame> frames;
  };
  std::filesystem::path FileOf(std::size_t thread) const;

  Disk& disk_;
  const std::filesystem::path scratch_;
  std::vector<std::unique_ptr<WritableFile>> files_;
  std::vector<Part> parts_;
};

}  // namespace xsweep
